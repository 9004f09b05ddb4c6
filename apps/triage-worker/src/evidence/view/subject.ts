import type { ResourceReference } from '@nightcrier/core/faults/fault';
import { isKind, isWorkload, type KubernetesObject } from '../kubernetes-object.ts';
import type { ClusterView } from './cluster-view.ts';
import { workloadsBehind } from './service-links.ts';
import { workloadNamed, workloadOf, type Workload } from './workload.ts';

/** The workloads that a fault is about: that of a pod, those behind a Service, those that use a claim. */
export function workloadsOf(view: ClusterView, { kind, name, namespace }: ResourceReference): Workload[] {
  const object = view.find(kind, name, namespace);
  if (object === undefined) return missingWorkload(view, kind, name, namespace);
  if (isKind(object, 'Service')) return workloadsBehind(view, object);
  if (isKind(object, 'PersistentVolumeClaim')) return usersOf(view, object);
  if (isKind(object, 'HorizontalPodAutoscaler')) {
    const target = object.spec?.scaleTargetRef;
    return target?.kind && target.name ? [workloadNamed(view, target.kind, target.name, namespace ?? 'default')] : [];
  }
  if (isKind(object, 'Pod') || isWorkload(object) || object.kind === 'CronJob') return [workloadOf(view, object)];
  return [];
}

/** The pod is gone: its workload may still be there, under the name that the pod was called after. */
function missingWorkload(view: ClusterView, kind: string, name: string, namespace: string | undefined): Workload[] {
  if (kind !== 'Pod' || namespace === undefined) return [];
  const candidates = [
    { kind: 'Deployment', name: name.replace(/-[a-z0-9]{5,10}-[a-z0-9]{5}$/, '') },
    { kind: 'StatefulSet', name: name.replace(/-\d+$/, '') },
    { kind: 'DaemonSet', name: name.replace(/-[a-z0-9]{5}$/, '') },
  ];
  return candidates
    .filter((candidate) => candidate.name !== name && view.find(candidate.kind, candidate.name, namespace))
    .slice(0, 1)
    .map((candidate) => workloadNamed(view, candidate.kind, candidate.name, namespace));
}

function usersOf(view: ClusterView, { metadata }: KubernetesObject): Workload[] {
  const pods = view
    .all('Pod', metadata?.namespace)
    .filter(({ spec }) =>
      (spec?.volumes ?? []).some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === metadata?.name),
    );
  return pods.slice(0, 1).map((pod) => workloadOf(view, pod));
}
