import type { V1Container, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import { code } from '../safe-text.ts';

/** A field that differs between two revisions of a template. */
export interface Difference {
  /** As in `managedFields`, below the template: `spec.containers[app].image`. */
  path: string;
  /** A sentence in Markdown. */
  text: string;
}

const CONTAINER_FIELDS = [
  'image',
  'command',
  'args',
  'resources',
  'ports',
  'envFrom',
  'volumeMounts',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'securityContext',
  'workingDir',
] as const;
const POD_FIELDS = [
  'volumes',
  'nodeSelector',
  'affinity',
  'tolerations',
  'serviceAccountName',
  'imagePullSecrets',
  'hostNetwork',
  'dnsPolicy',
  'dnsConfig',
  'priorityClassName',
  'runtimeClassName',
  'securityContext',
  'terminationGracePeriodSeconds',
] as const;

/** What differs between two templates: of containers image, command, environment (secret values are redacted), resources, probes; of the pod placement, volumes, identity. */
export function templateDifferences(
  now: Wire<V1PodTemplateSpec> | undefined,
  before: Wire<V1PodTemplateSpec> | undefined,
): Difference[] {
  const [spec, old] = [now?.spec, before?.spec];
  return [
    ...containerDifferences('containers', spec?.containers ?? [], old?.containers ?? []),
    ...containerDifferences('initContainers', spec?.initContainers ?? [], old?.initContainers ?? []),
    ...POD_FIELDS.flatMap((field) => changed(`spec.${field}`, `\`${field}\` of the pod`, spec?.[field], old?.[field])),
  ];
}

function containerDifferences(
  list: 'containers' | 'initContainers',
  now: Wire<V1Container>[],
  before: Wire<V1Container>[],
): Difference[] {
  const gone = before
    .filter((old) => !now.some(({ name }) => name === old.name))
    .map(({ name = '' }) => ({ path: `spec.${list}[${name}]`, text: `The container ${code(name)} was removed.` }));
  return [
    ...now.flatMap((container): Difference[] => {
      const { name = '' } = container;
      const old = before.find((it) => it.name === name);
      const path = `spec.${list}[${name}]`;
      if (old === undefined) return [{ path, text: `The container ${code(name)} is new.` }];
      const names = new Set([...(container.env ?? []), ...(old.env ?? [])].map((it) => it.name ?? ''));
      return [
        ...CONTAINER_FIELDS.flatMap((field) =>
          changed(`${path}.${field}`, `${field} of ${code(name)}`, container[field], old[field]),
        ),
        ...[...names].flatMap((variable) =>
          changed(
            `${path}.env[${variable}]`,
            `environment variable ${code(variable)} of ${code(name)}`,
            valueOf(container, variable),
            valueOf(old, variable),
          ),
        ),
      ];
    }),
    ...gone,
  ];
}

function changed(path: string, what: string, now: unknown, before: unknown): Difference[] {
  if (JSON.stringify(now) === JSON.stringify(before)) return [];
  return [{ path, text: `${what}: ${code(shown(before), 150)} → ${code(shown(now), 150)}` }];
}

function valueOf({ env = [] }: Wire<V1Container>, name: string): unknown {
  const found = env.find((it) => it.name === name);
  return found?.value ?? found?.valueFrom;
}

function shown(value: unknown): string {
  if (value === undefined) return '(none)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
