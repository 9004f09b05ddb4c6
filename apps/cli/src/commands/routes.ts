import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { PROBLEM_LABELS } from '@nightcrier/core/matching/problem-labels';
import { receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import { type Destination, destinationsOf, routeTree } from '@nightcrier/core/routing/route-tree';
import type { Config } from '@nightcrier/core/settings/config';
import { formatSeconds } from '@nightcrier/core/settings/config-fields';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { type ListColumn, printList } from '../lists/print-list.ts';

interface RouteRow {
  receiver: string;
  route: string;
  repeat_interval: number | undefined;
  targets: { id: string; kind: string }[];
}

const COLUMNS: ListColumn<RouteRow>[] = [
  { head: 'receiver', text: ({ receiver }) => receiver, least: 8 },
  { head: 'route', text: ({ route }) => route, least: 12 },
  {
    head: 'repeated',
    text: ({ repeat_interval: repeat }) => (repeat === undefined ? 'never' : `every ${formatSeconds(repeat)}`),
  },
  { head: 'targets', text: ({ targets }) => targets.map(({ id }) => id).join(', ') || 'none', least: 12 },
];

export interface RoutesTestOptions {
  config?: string;
  output: 'table' | 'json';
  labels: string[];
  /** By the names of {@link PROBLEM_LABELS} in camel case. */
  [label: string]: string | string[] | undefined;
}

/** `nightcrier routes test`: where a problem with these labels would be notified. Contacts no receiver. */
export async function testRoutes({ config: file, output, ...given }: RoutesTestOptions): Promise<void> {
  const flags: Record<string, string> = file === undefined ? {} : { config: file };
  const { config } = await loadConfig({ flags, environment: process.env });
  const labels = labelsOf(given, config);
  const targets = receiverTargets(config);
  const rows = destinationsOf(routeTree(config.route), labels).map(({ receiver, repeatInterval, path }): RouteRow => ({
    receiver,
    route: routeName(path),
    repeat_interval: repeatInterval,
    targets: targets.filter((target) => target.receiver === receiver).map(({ id, kind }) => ({ id, kind })),
  }));
  if (output === 'json') {
    console.log(escapeControls(JSON.stringify({ labels: Object.fromEntries(labels), receivers: rows })));
    return;
  }
  const shown = [...labels].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
  console.log(escapeControls(`labels: ${shown || 'none'}`));
  printList(rows, COLUMNS, { format: 'table', none: 'no receiver' });
}

/** Returns the labels that were given, and those of the cluster in the configuration. */
function labelsOf(given: Pick<RoutesTestOptions, string>, { clusters }: Config): Map<string, string> {
  const own = PROBLEM_LABELS.flatMap((name): [string, string][] => {
    const value = given[camelCase(name)];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const { cluster: name, severity } = Object.fromEntries(own);
  if (severity !== undefined && !SEVERITIES.some((known) => known === severity))
    throw new ExitError('usage', `--severity: ${JSON.stringify(severity)} must be one of ${SEVERITIES.join(', ')}`);
  const cluster = clusters.find((entry) => entry.name === name);
  if (name !== undefined && !cluster)
    console.error(escapeControls(`warning: the configuration has no cluster ${name}; its labels are those given here`));
  const pairs = Array.isArray(given.labels) ? given.labels : [];
  return new Map([
    ...Object.entries(cluster?.labels ?? {}),
    ...pairs.flatMap((text) => text.split(',').filter(Boolean)).map((text) => pairOf(text)),
    ...(cluster?.environment === undefined ? [] : ([['environment', cluster.environment]] as const)),
    ...own,
  ]);
}

/** Reads `team=payments`. */
function pairOf(text: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new ExitError('usage', `--labels: ${JSON.stringify(text)} must be NAME=VALUE`);
  return [name, value];
}

/** `route.routes[0]` */
function routeName(path: Destination['path']): string {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  return parts.join('').slice(1);
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
