import { receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import { isRouteLabel, routeLabels, ROUTE_LABELS, type RouteLabel } from '@nightcrier/core/routing/route-labels';
import { destinationsOf, routeTree } from '@nightcrier/core/routing/route-tree';
import { formatSeconds } from '@nightcrier/core/settings/config-fields';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { ExitError } from '@nightcrier/runtime/exit-code';
import Table from 'cli-table3';

export interface RoutesTestOptions {
  config?: string;
  output: 'table' | 'json';
  labels: string[];
  [label: string]: string | string[] | undefined;
}

/** `nightcrier routes test`: where a problem with these labels would be notified. Contacts nothing. */
export async function testRoutes({ config: file, output, labels, ...given }: RoutesTestOptions): Promise<void> {
  const flags: Record<string, string> = file === undefined ? {} : { config: file };
  const { config } = await loadConfig({ flags, environment: process.env });
  const own: Partial<Record<RouteLabel, string>> = {};
  for (const name of ROUTE_LABELS) {
    const value = given[camelCase(name)];
    if (typeof value === 'string') own[name] = value;
  }
  const cluster = config.clusters.find(({ name }) => name === own.cluster);
  if (own.cluster !== undefined && !cluster)
    console.error(`warning: the configuration has no cluster ${own.cluster}; its labels are those given here`);
  own.environment ??= cluster?.environment;
  const found = routeLabels(own, { ...cluster?.labels, ...clusterLabels(labels) });
  const targets = receiverTargets(config);
  const rows = destinationsOf(routeTree(config.route), found).map(({ receiver, repeatInterval, path }) => ({
    receiver,
    route: routeName(path),
    repeat_interval: repeatInterval,
    targets: targets.filter((target) => target.receiver === receiver).map(({ id, kind }) => ({ id, kind })),
  }));
  if (output === 'json') {
    console.log(JSON.stringify({ labels: Object.fromEntries(found), receivers: rows }));
    return;
  }
  const table = new Table({
    head: ['receiver', 'route', 'repeated', 'targets'],
    style: { head: ['bold'], border: [] },
  });
  for (const { receiver, route, repeat_interval: repeat, targets: ids } of rows)
    table.push([
      receiver,
      route,
      repeat === undefined ? 'never' : `every ${formatSeconds(repeat)}`,
      ids.map(({ id }) => id).join('\n') || 'none',
    ]);
  console.log(`labels: ${[...found].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}`);
  console.log(table.toString());
}

/** `route.routes[0]` */
function routeName(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
}

/** Reads `team=payments`, also several with commas between them. */
function clusterLabels(given: readonly string[]): Record<string, string> {
  const pairs = given.flatMap((text) => text.split(',')).filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^(?:labels\.)?([^=]+)=(.*)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined || !isRouteLabel(`labels.${name}`))
        throw new ExitError('usage', `--labels: ${JSON.stringify(pair)} must be NAME=VALUE`);
      return [name, value];
    }),
  );
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
