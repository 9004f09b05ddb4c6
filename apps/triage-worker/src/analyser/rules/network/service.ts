import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { commandFor, type ClusterView } from '../../../evidence/view/cluster-view.ts';
import {
  hasReadyEndpoints,
  podsBehind,
  selects,
  workloadsBehind,
  type Service,
} from '../../../evidence/view/service-links.ts';
import { desiredReplicas, templateOf, workloadsIn, type Workload } from '../../../evidence/view/workload.ts';
import { culpritObject, culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';
import { isSimilarName } from '@nightcrier/core/diagnosis/similar-name';

/** What is wrong with a Service itself: its selector, its ports. Nothing about the pods behind it. */
export function serviceTrouble(view: ClusterView, service: Service): Hypothesis | undefined {
  const selector = service.spec?.selector ?? {};
  if (Object.keys(selector).length === 0 || service.spec?.type === 'ExternalName') return undefined;
  const behind = workloadsBehind(view, service);
  const pods = podsBehind(view, service);
  if (behind.length === 0 && pods.length === 0) return selectorTrouble(view, service);
  return portTrouble(view, service, behind);
}

/** A workload behind a Service that is scaled to 0. */
export function scaledToZero(workload: Workload, service?: Service): Hypothesis | undefined {
  if (desiredReplicas(workload) !== 0 || workload.object === undefined) return undefined;
  const { kind, name, namespace } = workload;
  const target = `${kind.toLowerCase()}/${name}`;
  return hypothesis({
    cause: 'scaled_to_zero',
    culprit: culpritOf(workload, undefined, 'spec.replicas'),
    confidence: 92,
    title: `${plain(name)} is scaled to 0 replicas`,
    statement: `The ${kind} ${code(name)}${service ? ` behind the Service ${code(service.metadata?.name ?? '')}` : ''} is scaled to 0 replicas, so nothing answers its clients.`,
    evidence: [quoteField(workload.object, 'spec.replicas', '0')],
    actions: [
      `Find out who scaled it down and why, then scale it up (as many as it had): ${show`kubectl scale -n ${namespace} ${target} --replicas=1`}`,
    ],
  });
}

/** The Service has no ready endpoint, and no rule says why. */
export function noEndpoints(view: ClusterView, service: Service): Hypothesis | undefined {
  if (hasReadyEndpoints(view, service) !== false) return undefined;
  const { name = '', namespace = 'default' } = service.metadata ?? {};
  return hypothesis({
    cause: 'service_no_endpoints',
    culprit: culpritObject({ ...service, kind: 'Service' }),
    confidence: 52,
    title: `The Service ${plain(name)} has no ready endpoints`,
    statement: `The Service ${code(name)} has no ready endpoints, so its clients cannot connect.`,
    evidence: [quoteField(service, 'spec.selector', service.spec?.selector ?? {})],
    actions: [
      `See what is behind it: ${show`kubectl get endpointslices -n ${namespace} -l ${`kubernetes.io/service-name=${name}`}`}`,
    ],
  });
}

function selectorTrouble(view: ClusterView, service: Service): Hypothesis | undefined {
  const { name = '', namespace = 'default' } = service.metadata ?? {};
  if (!view.isComplete('Pod', namespace)) return undefined;
  const selector = service.spec?.selector ?? {};
  const meant = workloadsIn(view, namespace).find((workload) => {
    const labels = templateOf(workload)?.metadata?.labels ?? {};
    const sharesAll = Object.keys(selector).every((key) => Object.hasOwn(labels, key));
    return (
      workload.name === name ||
      (sharesAll &&
        Object.entries(selector).some(
          ([key, value]) =>
            Object.hasOwn(labels, key) && (labels[key] === value || isSimilarName(labels[key] ?? '', value ?? '')),
        ))
    );
  });
  const labels = meant && (templateOf(meant)?.metadata?.labels ?? {});
  return hypothesis({
    cause: 'service_selector',
    culprit: { kind: 'Service', namespace, name, field: 'spec.selector' },
    confidence: meant ? 94 : 78,
    title: `The selector of the Service ${plain(name)} matches no pods`,
    statement: `The Service ${code(name)} selects ${code(format(selector))}, and no pod or workload of the namespace has these labels.${meant && labels ? ` The pods of the ${meant.kind} ${code(meant.name)} have ${code(format(labels))}.` : ''}`,
    evidence: [
      quoteField(service, 'spec.selector', selector),
      ...(meant?.object && labels
        ? [{ command: commandFor(meant.object), text: `spec.template.metadata.labels: ${format(labels)}` }]
        : []),
    ],
    actions: [`Correct the selector: ${show`kubectl edit service -n ${namespace} ${name}`}`],
    ruledOut: [{ what: 'the pods', because: 'the Service does not select any' }],
  });
}

function portTrouble(_view: ClusterView, service: Service, behind: Workload[]): Hypothesis | undefined {
  const { name = '', namespace = 'default' } = service.metadata ?? {};
  for (const workload of behind) {
    const containers = templateOf(workload)?.spec?.containers ?? [];
    const declared = containers.flatMap(({ ports = [] }) => ports);
    if (declared.length === 0) continue;
    for (const { port, targetPort: target = port, protocol = 'TCP', name: portName } of service.spec?.ports ?? []) {
      const wanted: unknown = target;
      const found = declared.filter(
        ({ containerPort, name: declaredName }) =>
          wanted === containerPort || String(wanted) === String(containerPort) || wanted === declaredName,
      );
      const base = {
        evidence: [
          quoteField(service, 'spec.ports', service.spec?.ports ?? []),
          ...(workload.object ? [quoteField(workload.object, 'containers[].ports', declared)] : []),
        ],
        actions: [`Correct the port: ${show`kubectl edit service -n ${namespace} ${name}`}`],
      };
      const label = portName === undefined ? String(port) : `${portName} (${String(port)})`;
      const listed = declared
        .map(({ containerPort, protocol: own = 'TCP' }) => `${String(containerPort)}/${own}`)
        .join(', ');
      if (found.length === 0) {
        return hypothesis({
          ...base,
          cause: 'service_port',
          culprit: { kind: 'Service', namespace, name, field: `spec.ports[${label}].targetPort` },
          confidence: 90,
          title: `The Service ${plain(name)} sends to port ${plain(String(wanted))}, on which its pods do not listen`,
          statement: `The port ${code(label)} of the Service ${code(name)} has the targetPort ${code(String(wanted))}; the containers of ${code(workload.name)} have the ports ${code(listed)}.`,
        });
      }
      if (found.every(({ protocol: own = 'TCP' }) => own !== protocol)) {
        return hypothesis({
          ...base,
          cause: 'service_protocol',
          culprit: { kind: 'Service', namespace, name, field: `spec.ports[${label}].protocol` },
          confidence: 93,
          title: `The Service ${plain(name)} offers ${plain(protocol)}, and its pods speak ${plain(found[0]?.protocol ?? 'TCP')}`,
          statement: `The port ${code(label)} of the Service ${code(name)} has the protocol ${code(protocol)}; the containers of ${code(workload.name)} have ${code(listed)}.`,
        });
      }
    }
  }
  return undefined;
}

function format(labels: Record<string, string | undefined>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

/** Whether a Service selects the pods of a workload. */
export function isServiceOf(service: Service, workload: Workload): boolean {
  return selects(service.spec?.selector, templateOf(workload)?.metadata?.labels);
}
