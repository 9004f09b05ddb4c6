import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Alert } from '../../../evidence/evidence.ts';
import { configuredAddresses, serviceName } from '../../../evidence/view/addresses.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { workloadsBehind } from '../../../evidence/view/service-links.ts';
import { workloadsIn, type Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { code, plain, show } from '../../safe-text.ts';

/** What an alert is about, as far as its labels and words say. */
export interface Signal {
  alert: Alert;
  kind: 'latency' | 'cpu' | 'memory' | 'errors' | 'not_found' | 'traffic' | 'loss' | 'other';
  /** Percent above normal, where the alert says so; 0 otherwise. */
  rise: number;
  /** The value now, as far as it can be read; 0 otherwise. */
  current: number;
  service: string | undefined;
  node: string | undefined;
  text: string;
}

/** The labels in which alerts name what they are about, the most usual first. */
const SUBJECT_LABELS = [
  'service',
  'deployment',
  'workload',
  'destination_workload',
  'destination_service_name',
  'app',
  'job_name',
  'container',
] as const;

export function signalOf(alert: Alert): Signal {
  const { labels, annotations } = alert;
  const { alertname = '' } = labels;
  const said = [annotations['summary'], annotations['description'], annotations['message']].filter(Boolean).join(' | ');
  const text = said.startsWith(alertname) ? said : [alertname, said].filter(Boolean).join(' | ');
  const service = SUBJECT_LABELS.map((label) => labels[label]).find((value) => value !== undefined);
  return {
    alert,
    kind: kindOf(text, labels),
    rise: riseIn(text),
    current: Number(/Current[=: ]+(\d{1,12}(?:\.\d{1,4})?)/i.exec(text)?.[1] ?? 0),
    service,
    node: labels['node'],
    text,
  };
}

function kindOf(text: string, labels: Record<string, string>): Signal['kind'] {
  const status =
    labels['status'] ??
    labels['code'] ??
    /\b(?:HTTP|status|code)?[ (='"]{0,3}([45]\d\d) (?:Client|Server|Not|Internal|Bad|Service|Gateway)/i.exec(text)?.[1];
  if (status === '404') return 'not_found';
  if (/throttl|cpu[ _-]?(saturation|overload|usage|util|core|cfs)|SATURATION \[cpu/i.test(text)) return 'cpu';
  if (/memory|oom/i.test(text)) return 'memory';
  if (/packet[ _-]?loss|dropped packets|retransmi/i.test(text)) return 'loss';
  if (/latency|slow|duration|response time|p9\d/i.test(text)) return 'latency';
  if (status !== undefined || /error|5xx|success rate|fail/i.test(text)) return 'errors';
  return /traffic|throughput|rps|request rate/i.test(text) ? 'traffic' : 'other';
}

/** The largest `(+123.4%)`, or the ratio of `Normal=… Current=…`. */
function riseIn(text: string): number {
  return Math.max(
    0,
    ...[...text.slice(0, 2_000).matchAll(/\+(\d{1,9}(?:\.\d{1,4})?)%/g)].map(([, value]) => Number(value)),
  );
}

/**
 * What performance alerts say together. A caller waits for what it calls, so many alert at once; the one whose own
 * latency rose most in relation is the innermost. Saturation of that one explains it; without it the network is left.
 */
export function performanceTrouble(view: ClusterView, namespace: string | undefined): Hypothesis | undefined {
  const signals = view.alerts
    .map(signalOf)
    .filter(({ alert }) => namespace === undefined || (alert.labels['namespace'] ?? namespace) === namespace);
  const slow = signals
    .filter(({ kind, service }) => kind === 'latency' && service !== undefined)
    .sort((a, b) => b.rise - a.rise || a.current - b.current);
  const saturated = signals.filter(({ kind, service }) => kind === 'cpu' && service !== undefined);
  const slowest = innermostOf(view, slow, namespace);
  const subject = slowest ? saturated.find(({ service }) => service === slowest.service) : saturated[0];
  const lossy = signals
    .filter(({ kind, node, rise }) => kind === 'loss' && node !== undefined && rise > 500)
    .sort((a, b) => b.rise - a.rise);
  const evidence = (chosen: Signal[]) =>
    chosen.slice(0, 4).map(({ text, service }) => ({
      command: `amtool alert query service=${service ?? ''}`,
      text: text.slice(0, 500),
    }));
  if (subject?.service !== undefined) {
    const workload = workloadFor(view, subject.service, namespace);
    return hypothesis({
      cause: 'cpu_saturated',
      culprit: workload
        ? culpritOf(workload, undefined, 'resources.limits.cpu')
        : { kind: 'Service', name: subject.service, ...(namespace && { namespace }) },
      confidence: 82,
      title: `${plain(subject.service)} needs more CPU than it gets`,
      statement: `${code(subject.service)} is short of CPU: ${code(subject.text, 200)}.${slowest ? ` Its latency rose: ${code(slowest.text, 200)}.` : ''}`,
      evidence: evidence([subject, ...slow]),
      actions: namespace
        ? [`Compare its use with its limit: ${show`kubectl top pods -n ${namespace} --containers`}`]
        : [],
    });
  }
  if (lossy[0]?.node !== undefined) return lossyNode(lossy[0], slow);
  if (slowest?.service === undefined) return undefined;
  const workload = workloadFor(view, slowest.service, namespace);
  const second = slow.find(({ service }) => service !== slowest.service);
  const isClear = second === undefined || slowest.rise > 1.3 * second.rise;
  // Without a comparison with what is normal, an alert says that requests are slow, and not where.
  const confidence = slowest.rise === 0 ? 40 : isClear ? 68 : 58;
  return hypothesis({
    cause: 'network_slow',
    culprit: workload
      ? culpritOf(workload)
      : { kind: 'Service', name: slowest.service, ...(namespace && { namespace }) },
    confidence,
    title: `Requests to ${plain(slowest.service)} have become slow, without a shortage of CPU or memory`,
    statement: `${sayWhichIsSlow(slowest.service, slow)}: ${code(slowest.text, 250)}. No alert reports saturation of it, so its network, or what it waits for outside of the cluster, is the likely cause; those that call it wait with it.`,
    evidence: evidence(slow),
    actions: [
      'Compare the round-trip times of its pod with those of other pods on the same node, and look at network policies, the mesh and traffic shaping of the pod.',
    ],
    ruledOut:
      slowest.rise === 0 ? [] : [{ what: 'CPU and memory', because: 'no alert reports saturation of the workload' }],
  });
}

function sayWhichIsSlow(slowest: string, slow: Signal[]): string {
  const services = new Set(slow.map(({ service }) => service)).size;
  return services === 1
    ? `Only ${code(slowest)} is reported as slow`
    : `Of ${String(services)} services that have become slow, ${code(slowest)} rose most`;
}

/**
 * The one whose latency rose most; of two that rose about as much, the one that the other calls: the caller waits for it.
 */
function innermostOf(view: ClusterView, slow: Signal[], namespace: string | undefined): Signal | undefined {
  const [first, ...rest] = slow;
  if (first?.service === undefined || namespace === undefined) return first;
  const caller = workloadFor(view, first.service, namespace);
  const called = new Set(
    (caller ? configuredAddresses(caller) : []).map(({ host }) => serviceName(host, namespace)?.name),
  );
  return (
    rest.find(({ service, rise }) => service !== first.service && called.has(service) && rise >= 0.6 * first.rise) ??
    first
  );
}

/** Retransmissions and lost packets of a node slow down whatever runs there. */
function lossyNode({ node = '', text }: Signal, slow: Signal[]): Hypothesis {
  return hypothesis({
    cause: 'node_packet_loss',
    culprit: { kind: 'Node', name: node },
    confidence: 62,
    title: `Node ${plain(node)} loses packets`,
    statement: `Alerts report lost or repeated packets of the node ${code(node)} (${code(text, 200)}), while ${String(slow.length)} services have become slow.`,
    evidence: [{ command: `amtool alert query node=${node}`, text: text.slice(0, 500) }],
  });
}

/** Requests end with 404 although the service is well: they do not reach it. */
export function routeTrouble(
  view: ClusterView,
  service: string,
  namespace: string,
  isWell: boolean,
): Hypothesis | undefined {
  const signal = view.alerts
    .map(signalOf)
    .find(({ kind, service: named }) => kind === 'not_found' && named === service);
  if (signal === undefined || !isWell) return undefined;
  const workload = workloadFor(view, service, namespace);
  return hypothesis({
    cause: 'route_mismatch',
    culprit: workload ? culpritOf(workload) : { kind: 'Service', name: service, namespace },
    confidence: 72,
    title: `Requests for ${plain(service)} end with 404 before they reach it`,
    statement: `Requests for ${code(service)} end with 404 (${code(signal.text, 250)}), while its pods are ready: a gateway or ingress before it routes them elsewhere or rewrites their path.`,
    evidence: [{ command: `amtool alert query service=${service}`, text: signal.text.slice(0, 500) }],
    actions: [
      `Look at what changed last in the configuration of the gateway: ${show`kubectl get configmaps,ingresses -n ${namespace} --sort-by=.metadata.creationTimestamp`}`,
    ],
    ruledOut: [{ what: `the pods of ${service}`, because: 'they are ready' }],
  });
}

function workloadFor(view: ClusterView, service: string, namespace: string | undefined): Workload | undefined {
  if (namespace === undefined) return undefined;
  const object = view.get('Service', service, namespace);
  return (
    (object && workloadsBehind(view, object)[0]) ?? workloadsIn(view, namespace).find(({ name }) => name === service)
  );
}
