import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { isPodReady } from '../evidence/pod-trouble.ts';
import { isKind } from '../evidence/kubernetes-object.ts';
import type { ClusterView } from '../evidence/view/cluster-view.ts';
import { hasReadyEndpoints, podsBehind, workloadsBehind } from '../evidence/view/service-links.ts';
import { workloadsOf } from '../evidence/view/subject.ts';
import { workloadsIn } from '../evidence/view/workload.ts';
import { diagnoseWorkload, isShort, saidByReadyPods } from './diagnose-workload.ts';
import { performanceTrouble, routeTrouble, signalOf } from './rules/network/alerts.ts';
import { behindService, follow } from './rules/network/follow.ts';
import { serviceTrouble } from './rules/network/service.ts';
import { nodeTrouble } from './rules/nodes/node.ts';
import { code } from './safe-text.ts';

/** Whether the fault is an alert that fires, and not an object that is seen to be ill. */
export function isAlert(view: ClusterView, fault: FaultEvent): boolean {
  return view.alerts.some(({ labels }) => labels['alertname'] === fault.faultType);
}

/** What an alert about a service or node comes from: the objects first, then what the alerts say together. */
export function diagnoseAlert(view: ClusterView, fault: FaultEvent): Hypothesis[] {
  const { kind, name, namespace } = fault.resource;
  const object = view.find(kind, name, namespace);
  if (object && isKind(object, 'Node')) {
    const node = nodeTrouble(view, object) ?? performanceTrouble(view, namespace);
    return node ? [node] : [];
  }
  const service = object && isKind(object, 'Service') ? object : undefined;
  const workloads = service
    ? workloadsBehind(view, service)
    : object
      ? workloadsOf(view, fault.resource)
      : workloadsIn(view, namespace ?? 'default').filter((workload) => workload.name === name);
  const own =
    (service && serviceTrouble(view, service)) ??
    workloads.filter(isShort).flatMap((workload) => diagnoseWorkload(view, workload))[0];
  const isWell = service
    ? podsBehind(view, service).some(isPodReady)
    : workloads.some(({ pods }) => pods.some(isPodReady));
  const route = namespace === undefined ? undefined : routeTrouble(view, name, namespace, isWell);
  const isSlow = view.alerts.map(signalOf).some((signal) => signal.kind === 'latency' || signal.kind === 'cpu');
  const performance = isSlow ? performanceTrouble(view, namespace) : undefined;
  const called = workloads.flatMap(
    (workload) =>
      follow(
        view,
        workload,
        (next, depth) => diagnoseWorkload(view, next, {}, depth)[0] ?? saidByReadyPods(view, next),
      ) ??
      saidByReadyPods(view, workload) ??
      [],
  );
  const found = [own, route, performance, ...called].filter((it) => it !== undefined);
  const suspect =
    found.some(({ confidence }) => confidence >= 60) || namespace === undefined
      ? undefined
      : onlyBroken(view, namespace, name);
  const all = [...found, suspect].filter((it) => it !== undefined);
  return all.sort((a, b) => b.confidence - a.confidence);
}

/** The only Service of the namespace that has nothing ready behind it: what fails nearby likely depends on it. */
function onlyBroken(view: ClusterView, namespace: string, alerted: string): Hypothesis | undefined {
  const broken = view
    .all('Service', namespace)
    .filter((service) => hasReadyEndpoints(view, service) === false && workloadsBehind(view, service).length > 0);
  const found = broken.flatMap((service) => {
    const hypothesis = behindService(
      view,
      service,
      undefined,
      (workload, depth) => diagnoseWorkload(view, workload, {}, depth)[0],
      0,
    );
    return hypothesis ? [hypothesis] : [];
  });
  const [only] = found;
  const isOne = new Set(found.map(({ cause, culprit }) => `${cause}/${culprit.name}`)).size === 1;
  if (only === undefined || !isOne) return undefined;
  return {
    ...only,
    confidence: Math.min(only.confidence, 72),
    statement: `${only.statement} No log says that ${code(alerted)} calls it; it is the only service of the namespace without ready endpoints.`,
  };
}
