import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { EvidenceGap, EvidencePiece, ListPiece, ObjectPiece, ObjectRole } from '../evidence.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import { ClusterView, commandFor } from '../view/cluster-view.ts';
import { workloadsOf } from '../view/subject.ts';

/**
 * Moves the objects that the fault concerns out of the lists and before them, one piece each, so that a reader of the
 * evidence finds them first. The resource at fault already is a piece of its own.
 */
export function pickOut(
  fault: FaultEvent,
  resource: ObjectPiece | EvidenceGap,
  lists: (ListPiece | EvidenceGap)[],
): EvidencePiece[] {
  const pieces = [resource, ...lists];
  const view = new ClusterView({ collectedAt: resource.at, pieces });
  const picked = new Map<KubernetesObject, ObjectRole>();
  for (const { creators, pods, object } of workloadsOf(view, fault.resource).slice(0, 3)) {
    for (const creator of creators) if (creator.object) picked.set(creator.object, roleOf(creator.object));
    if (object) picked.set(object, roleOf(object));
    for (const pod of pods.slice(0, 5)) {
      picked.set(pod, 'pod');
      const node = view.get('Node', pod.spec?.nodeName);
      if (node) picked.set(node, 'node');
      for (const { persistentVolumeClaim: claim } of pod.spec?.volumes ?? []) {
        const found = view.get('PersistentVolumeClaim', claim?.claimName, pod.metadata?.namespace);
        if (found) picked.set(found, 'volumeClaim');
      }
    }
  }
  const ofResource = resource.type === 'object' ? nameOf(resource.object) : '';
  const first = [...picked]
    .filter(([object]) => nameOf(object) !== ofResource)
    .map(([object, role]): ObjectPiece => ({
      type: 'object',
      role,
      object,
      command: commandFor(object),
      at: resource.at,
    }));
  const taken = new Set([ofResource, ...first.map(({ object }) => nameOf(object))]);
  return [
    ...first,
    ...lists.map((list) =>
      list.type === 'list' ? { ...list, objects: list.objects.filter((object) => !taken.has(nameOf(object))) } : list,
    ),
  ];
}

function roleOf({ kind }: KubernetesObject): ObjectRole {
  if (kind === 'ReplicaSet') return 'replicaSet';
  return kind === 'Pod' ? 'pod' : 'owner';
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind}/${metadata?.namespace ?? ''}/${metadata?.name}`;
}
