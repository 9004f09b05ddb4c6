import { podIn, type Collection } from './collection.ts';
import type { ObjectPiece } from '../evidence.ts';
import { containerStatuses, requiredConfigMaps } from '../pod-trouble.ts';
import { builtInType } from '../resource-type.ts';

const MAX_NODES = 2;
const MAX_NODES_OF_CLUSTER = 20;
const MAX_CONFIG_MAPS = 5;
const MAX_VOLUME_CLAIMS = 3;

/** Waiting for one of these, a container may lack a ConfigMap. */
const MAY_LACK_CONFIG: ReadonlySet<string | undefined> = new Set(['CreateContainerConfigError', 'ContainerCreating']);

/** The nodes that the pods run on; for a pod that no node takes, the nodes there are. */
export async function collectNodes({ reader, pieces }: Collection, pods: ObjectPiece[]): Promise<ObjectPiece[]> {
  if (pods.some((pod) => podIn(pod).spec?.nodeName === undefined)) {
    const all = await reader.list('node', builtInType('Node'));
    const nodes = Array.isArray(all) ? all.slice(0, MAX_NODES_OF_CLUSTER) : [all];
    pieces.push(...nodes);
    return [];
  }
  const names = new Set(pods.flatMap((pod) => podIn(pod).spec?.nodeName ?? []));
  const found = await Promise.all(
    [...names].slice(0, MAX_NODES).map((name) => reader.object('node', { apiVersion: 'v1', kind: 'Node', name })),
  );
  pieces.push(...found);
  return found.filter((piece) => piece.type === 'object');
}

/** A pod that no node takes may wait for its volumes. */
export async function collectVolumeClaims({ reader, pieces }: Collection, pods: ObjectPiece[]): Promise<void> {
  const claims = pods.flatMap((piece) => {
    const { metadata, spec } = podIn(piece);
    if (spec?.nodeName !== undefined) return [];
    return (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
      claim?.claimName ? [{ name: claim.claimName, namespace: metadata?.namespace }] : [],
    );
  });
  const kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  const found = claims.slice(0, MAX_VOLUME_CLAIMS).map((claim) => reader.object('volumeClaim', { ...kind, ...claim }));
  pieces.push(...(await Promise.all(found)));
}

/** Only for pods that cannot start: a missing ConfigMap is one of the causes. */
export async function collectConfigMaps({ reader, pieces }: Collection, pods: ObjectPiece[]): Promise<void> {
  const wanted = pods
    .map(podIn)
    .filter(
      (pod) =>
        pod.spec?.nodeName !== undefined &&
        containerStatuses(pod).some(({ state }) => MAY_LACK_CONFIG.has(state?.waiting?.reason)),
    )
    .flatMap((pod) =>
      requiredConfigMaps(pod).map((name) => ({ name, namespace: pod.metadata?.namespace ?? 'default' })),
    );
  const unique = [...new Map(wanted.map((it) => [`${it.namespace}/${it.name}`, it])).values()];
  const checks = unique.slice(0, MAX_CONFIG_MAPS).map(({ namespace, name }) => reader.configMapExists(namespace, name));
  pieces.push(...(await Promise.all(checks)));
}
