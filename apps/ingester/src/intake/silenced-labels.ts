import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { Labels } from '@nightcrier/core/matching/matcher';
import { problemLabels } from '@nightcrier/core/matching/problem-labels';
import type { Problem, RememberedSymptom } from '@nightcrier/core/problems/problem';
import { workloadByName, workloadOfKey } from '@nightcrier/core/problems/problem-key';

/** The labels of a fault that silences are matched with. */
export function labelsOfFault({ cluster_name: cluster, environment, labels, event, problem }: ClusterEvent): Labels {
  const { resource, severity, faultType: fault_type } = event;
  return problemLabels({ cluster, environment, labels, fault_type, severity, ...placeOf(resource, problem) });
}

/** The labels of each symptom of a problem that is firing: it is silenced when all of them are. */
export function labelsOfSymptoms(
  { name: cluster, environment, labels }: Pick<ClusterConfig, 'name' | 'environment' | 'labels'>,
  { key, symptoms }: Pick<Problem, 'key' | 'symptoms'>,
): { symptom: RememberedSymptom; labels: Labels }[] {
  return symptoms
    .filter(({ state }) => state === 'firing')
    .map((symptom) => {
      const { resource, severity, fault_type } = symptom;
      const own = { cluster, environment, labels, fault_type, severity, ...placeOf(resource, key) };
      return { symptom, labels: problemLabels(own) };
    });
}

function placeOf(resource: ResourceReference, problem: string | undefined) {
  const { namespace, name } = problem === undefined ? workloadByName(resource) : workloadOfKey(problem);
  return {
    namespace: resource.namespace ?? namespace,
    workload: name,
    ...(resource.kind === 'Node' && { node: resource.name }),
  };
}
