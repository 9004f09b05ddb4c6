import type { ClusterObjects } from '../objects/cluster-objects.ts';
import { eventSymptoms } from './event-symptoms.ts';
import type { WatchedKind } from '../objects/kinds.ts';
import {
  autoscalerSymptoms,
  certificateSymptoms,
  claimSymptoms,
  namespaceSymptoms,
  nodeSymptoms,
  quotaSymptoms,
} from './other-symptoms.ts';
import { podSymptoms } from './pod-symptoms.ts';
import { addressSymptoms, serviceSymptoms } from './service-symptoms.ts';
import type { Symptom } from '../symptom.ts';
import { cronJobSymptoms, deploymentSymptoms, jobSymptoms, rolloutSymptoms } from './workload-symptoms.ts';

/** Kinds of which all objects must be known, because a symptom is that something does not exist. */
export const NEEDS: Partial<Record<Symptom['kind'], readonly WatchedKind[]>> = {
  NoEndpoints: ['pods', 'deployments', 'replicasets', 'statefulsets', 'daemonsets'],
  ScaledToZero: ['pods', 'deployments', 'replicasets', 'statefulsets', 'daemonsets'],
  PortMismatch: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
  UnknownAddress: ['services'],
};

type Name = { namespace?: string | null | undefined; name: string };

/** Everything that an object shows to be wrong; nothing for one that does not exist. */
export function symptomsOf(kind: WatchedKind, name: Name, objects: ClusterObjects): Symptom[] {
  const read = READERS[kind];
  return read(name, objects);
}

type Reader = (name: Name, objects: ClusterObjects) => Symptom[];

/** @returns a reader that finds the object by its name */
function reading<K extends WatchedKind>(
  kind: K,
  read: (object: NonNullable<ReturnType<typeof ClusterObjects.prototype.get<K>>>, objects: ClusterObjects) => Symptom[],
): Reader {
  return (name, objects) => {
    const object = objects.get(kind, name);
    return object ? read(object, objects) : [];
  };
}

const READERS: Record<WatchedKind, Reader> = {
  events: reading('events', eventSymptoms),
  nodes: reading('nodes', nodeSymptoms),
  namespaces: reading('namespaces', namespaceSymptoms),
  deployments: reading('deployments', (object, objects) => [
    ...deploymentSymptoms('deployments', object, objects),
    ...addressSymptoms('deployments', object, objects),
  ]),
  replicasets: reading('replicasets', (object, objects) => deploymentSymptoms('replicasets', object, objects)),
  statefulsets: reading('statefulsets', (object, objects) => [
    ...rolloutSymptoms('statefulsets', object, objects),
    ...addressSymptoms('statefulsets', object, objects),
  ]),
  daemonsets: reading('daemonsets', (object, objects) => rolloutSymptoms('daemonsets', object, objects)),
  cronjobs: reading('cronjobs', cronJobSymptoms),
  jobs: reading('jobs', jobSymptoms),
  pods: reading('pods', podSymptoms),
  persistentvolumeclaims: reading('persistentvolumeclaims', claimSymptoms),
  services: reading('services', serviceSymptoms),
  resourcequotas: reading('resourcequotas', quotaSymptoms),
  horizontalpodautoscalers: reading('horizontalpodautoscalers', autoscalerSymptoms),
  certificates: reading('certificates', certificateSymptoms),
};
