import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { isPodReady } from '../evidence/pod-trouble.ts';
import { isKind } from '../evidence/kubernetes-object.ts';
import type { ClusterView } from '../evidence/view/cluster-view.ts';
import { podsBehind, workloadsBehind } from '../evidence/view/service-links.ts';
import { workloadsIn } from '../evidence/view/workload.ts';
import { diagnoseWorkload, isShort, saidByReadyPods } from './diagnose-workload.ts';
import { performanceTrouble, routeTrouble, signalOf } from './rules/network/alerts.ts';
import { follow } from './rules/network/follow.ts';
import { serviceTrouble } from './rules/network/service.ts';
import { nodeTrouble } from './rules/nodes/node.ts';

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
    : workloadsIn(view, namespace ?? 'default').filter((workload) => workload.name === name);
  const own = (service && serviceTrouble(view, service)) ?? workloads.filter(isShort).flatMap((workload) => diagnoseWorkload(view, workload))[0];
  const isWell = service ? podsBehind(view, service).some(isPodReady) : workloads.some(({ pods }) => pods.some(isPodReady));
  const route = namespace === undefined ? undefined : routeTrouble(view, name, namespace, isWell);
  const isSlow = view.alerts.map(signalOf).some((signal) => signal.kind === 'latency' || signal.kind === 'cpu');
  const performance = isSlow ? performanceTrouble(view, namespace) : undefined;
  const called = workloads.flatMap((workload) => follow(view, workload, (next, depth) => diagnoseWorkload(view, next, {}, depth)[0] ?? saidByReadyPods(view, next)) ?? saidByReadyPods(view, workload) ?? []);
  const all = [own, route, performance, ...called].filter((it) => it !== undefined);
  return all.sort((a, b) => b.confidence - a.confidence);
}
