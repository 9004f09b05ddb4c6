import type { ContainerStatus, Pod } from './kubernetes-object.ts';

/** The statuses of all containers, init containers first, as they start. */
export function containerStatuses(pod: Pod): ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

/** Whether a container failed, waits for something other than its turn, or runs without being ready. */
export function isContainerInTrouble(status: ContainerStatus): boolean {
  const { waiting, terminated } = status.state ?? {};
  if (waiting) return !['ContainerCreating', 'PodInitializing'].includes(waiting.reason ?? '') || ranBefore(status);
  if (terminated) return terminated.exitCode !== 0;
  return status.ready === false;
}

/** Whether the container has an earlier run, whose log may be left. */
export function ranBefore(status: ContainerStatus): boolean {
  return (status.restartCount ?? 0) > 0 || status.lastState?.terminated !== undefined;
}

/** Whether a pod can serve: it runs and its Ready condition says so. */
export function isPodReady({ status }: Pod): boolean {
  return (
    status?.phase === 'Running' &&
    (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True')
  );
}

/** How bad a pod is off: the higher the worse, 0 when nothing is wrong. */
export function podTrouble(pod: Pod): number {
  const { phase, conditions = [] } = pod.status ?? {};
  const statuses = containerStatuses(pod);
  const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (phase === 'Succeeded' || (ready && phase === 'Running')) return 0;
  const restarts = statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  return 1 + (phase === 'Failed' ? 400 : 0) + (statuses.some(isContainerInTrouble) ? 200 : 0) + Math.min(restarts, 100);
}

/** In every namespace by itself, and in every pod's projected token volume. */
const ROOT_CA = 'kube-root-ca.crt';

/** The ConfigMaps that a pod needs: by environment, volume or projection; those marked optional are left out. */
export function requiredConfigMaps(pod: Pod): string[] {
  return configMapsIn(pod.spec ?? {}, false);
}

/** All ConfigMaps that a pod refers to, the optional ones too. */
export function referencedConfigMaps(spec: NonNullable<Pod['spec']>): string[] {
  return configMapsIn(spec, true);
}

function configMapsIn(
  { containers = [], initContainers = [], volumes = [] }: NonNullable<Pod['spec']>,
  withOptional: boolean,
): string[] {
  const references = [
    ...[...initContainers, ...containers].flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef),
      ...envFrom.map(({ configMapRef }) => configMapRef),
    ]),
    ...volumes.flatMap(({ configMap, projected }) => [
      configMap,
      ...(projected?.sources ?? []).map((source) => source.configMap),
    ]),
  ];
  const names = references.flatMap((reference) =>
    reference?.name && (withOptional || !reference.optional) ? [reference.name] : [],
  );
  return [...new Set(names)].filter((name) => name !== ROOT_CA);
}
