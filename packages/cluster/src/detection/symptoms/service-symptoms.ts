import { isSimilarName } from '@nightcrier/core/diagnosis/similar-name';
import { type ClusterObjects, referenceTo, TEMPLATED } from '../objects/cluster-objects.ts';
import type { Pod, Replicated, Service } from '../objects/kinds.ts';
import { workloadOfObject } from '../objects/owners.ts';
import { type Symptom, timeOf } from '../symptom.ts';

/**
 * What is wrong with a Service that its pods cannot show: its selector matches nothing that exists or is wanted, it sends to a
 * port that no container has, or its workload is scaled to 0. Pods that it matches and that are not ready are symptoms
 * themselves, with the time that their probes allow.
 */
export function serviceSymptoms(service: Service, objects: ClusterObjects): Symptom[] {
  const { metadata, spec } = service;
  const selector = Object.entries(spec?.selector ?? {});
  if (metadata.deletionTimestamp || selector.length === 0 || spec?.type === 'ExternalName') return [];
  const hasPods = objects.podsMatching(metadata.namespace, selector).some((pod) => !hasEnded(pod));
  const behind = objects.templatesMatching(metadata.namespace, selector);
  const base = () => ({
    resource: referenceTo('services', metadata),
    workload: workloadOfObject('Service', metadata, objects),
    since: timeOf(metadata.creationTimestamp),
    course: 'now' as const,
  });
  if (!hasPods && behind.length === 0) {
    const labels = selector.map((pair) => pair.join('=')).join(',');
    return [
      { ...base(), kind: 'NoEndpoints', context: `No pod and no workload has the labels of the selector ${labels}` },
    ];
  }
  if (!hasPods && behind.every(({ spec: wanted }) => wanted?.replicas === 0)) {
    return [
      { ...base(), kind: 'ScaledToZero', since: undefined, context: 'The workload behind the Service has 0 replicas' },
    ];
  }
  const port = portWithoutListener(service, behind);
  return port === undefined ? [] : [{ ...base(), kind: 'PortMismatch', context: port }];
}

/** A port of a Service that none of the containers has, although they declare theirs. */
function portWithoutListener({ spec }: Service, behind: Replicated[]): string | undefined {
  const containers = behind.flatMap(({ spec: wanted }) => wanted?.template?.spec?.containers ?? []);
  const declared = containers.flatMap(({ ports }) => ports ?? []);
  // Containers may listen without declaring it: only where each declares its ports is one that is missing wrong.
  if (containers.length === 0 || containers.some(({ ports }) => (ports ?? []).length === 0)) return undefined;
  const listed = declared.map(({ containerPort, protocol }) => `${containerPort}/${protocol ?? 'TCP'}`).join(', ');
  for (const { port, targetPort, protocol } of spec?.ports ?? []) {
    const target = String(targetPort ?? port);
    const wanted = protocol ?? 'TCP';
    const found = declared.filter(({ containerPort, name }) => String(containerPort) === target || name === target);
    if (found.length === 0) return `Port ${port} of the Service sends to ${target}; the containers have ${listed}`;
    if (found.every((own) => (own.protocol ?? 'TCP') !== wanted)) {
      return `Port ${port} of the Service is ${wanted}; the containers have ${listed}`;
    }
  }
  return undefined;
}

/**
 * A workload that is configured with the address of a Service that does not exist, while one with a similar name does, or a
 * workload of exactly that name; or with a port that the Service does not offer. A name that nothing resembles may be an
 * optional feature.
 */
export function addressSymptoms(
  kind: (typeof TEMPLATED)[number],
  workload: Replicated,
  objects: ClusterObjects,
): Symptom[] {
  const { metadata, spec } = workload;
  if (metadata.deletionTimestamp || spec?.replicas === 0) return [];
  const { namespace } = metadata;
  const variables = (spec?.template?.spec?.containers ?? []).flatMap(({ env }) => env ?? []);
  const wrong = variables.flatMap(({ name, value }) => {
    const [host = '', port = ''] = (value ?? '').split(':');
    const service = objects.get('services', { namespace, name: host });
    if (service === undefined) {
      return isMeant(host, namespace, objects) ? [`${name}=${value}: there is no Service ${host}`] : [];
    }
    const offered = (service.spec?.ports ?? []).map((it) => String(it.port));
    return offered.length === 0 || offered.includes(port)
      ? []
      : [`${name}=${value}: the Service ${host} offers ${offered.join(', ')}`];
  });
  if (wrong.length === 0) return [];
  return [
    {
      kind: 'UnknownAddress',
      resource: referenceTo(kind, metadata),
      workload: workloadOfObject('Deployment', metadata, objects),
      context: wrong.join('\n'),
      since: timeOf(metadata.creationTimestamp),
      course: 'now',
    },
  ];
}

/** Whether a name that no Service has is that of a workload, or nearly that of a Service. */
function isMeant(host: string, namespace: string | null | undefined, objects: ClusterObjects): boolean {
  const services = [...objects.in('services', namespace)];
  if (services.length === 0) return false;
  return (
    TEMPLATED.some((kind) => objects.get(kind, { namespace, name: host }) !== undefined) ||
    services.some((it) => isSimilarName(host, it.metadata.name))
  );
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
