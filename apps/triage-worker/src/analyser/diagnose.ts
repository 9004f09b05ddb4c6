import { DETERMINED, DIAGNOSIS_VERSION, type Diagnosis, type Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Evidence } from '../evidence/evidence.ts';
import { isKind } from '../evidence/kubernetes-object.ts';
import { workloadsOf } from '../evidence/view/subject.ts';
import { ClusterView, type SeenEvent } from '../evidence/view/cluster-view.ts';
import type { Workload } from '../evidence/view/workload.ts';
import { servicesOf } from '../evidence/view/service-links.ts';
import { changesBefore } from './changes/changes-before.ts';
import { diagnoseAlert, isAlert } from './diagnose-alert.ts';
import { diagnoseWorkload } from './diagnose-workload.ts';
import { withRollBack } from './fixes/roll-back.ts';
import { hypothesis } from './hypothesis.ts';
import { quoteEvents } from './quotes.ts';
import { usageTrouble } from './rules/containers/usage.ts';
import { backendsOf, ingressTrouble } from './rules/network/ingress.ts';
import { loadBalancerTrouble } from './rules/network/load-balancer.ts';
import { behindService } from './rules/network/follow.ts';
import { performanceTrouble } from './rules/network/alerts.ts';
import { serviceTrouble } from './rules/network/service.ts';
import { nodeTrouble } from './rules/nodes/node.ts';
import { unboundClaim } from './rules/storage/claim.ts';
import { hpaTrouble } from './rules/workloads/hpa.ts';
import { quotaTrouble } from './rules/admission/quota.ts';
import { code, plain } from './safe-text.ts';
import { whatIsWell } from './what-is-well.ts';

const MOST = 3;

/** Why a fault happened, as far as the evidence shows it. Pure: the same evidence gives the same answer. */
export function diagnose(evidence: Evidence, fault: FaultEvent): Diagnosis {
  const view = new ClusterView(evidence);
  const found = unique(hypothesesFor(view, fault));
  const weak = (found[0]?.confidence ?? 0) < 70;
  const slow = weak && view.alerts.length > 0 ? performanceTrouble(view, fault.resource.namespace) : undefined;
  const workloads = workloadsOf(view, fault.resource);
  const used = weak && isAlert(view, fault) ? usageTrouble(view, workloads) : undefined;
  const byMetrics = used && used.confidence > (slow?.confidence ?? 0) ? used : slow;
  const isBetter = byMetrics && byMetrics.confidence > (found[0]?.confidence ?? 0);
  const ranked = isBetter ? unique([byMetrics, ...found]) : found;
  const changes = changesBefore(view, fault, workloads);
  const best = withRuledOut((ranked.length > 0 ? ranked : verbatim(view, fault)).slice(0, MOST), view, workloads);
  const hypotheses = withRollBack(best, changes, workloads, Date.parse(fault.timestamp) || view.now);
  return {
    version: DIAGNOSIS_VERSION,
    determined: (hypotheses[0]?.confidence ?? 0) >= DETERMINED,
    hypotheses,
    changes,
  };
}

/** Where nothing is determined, what is in order is worth knowing. */
function withRuledOut(hypotheses: Hypothesis[], view: ClusterView, workloads: Workload[]): Hypothesis[] {
  const [first, ...others] = hypotheses;
  if (first === undefined || first.confidence >= DETERMINED) return hypotheses;
  return [{ ...first, ruled_out: [...first.ruled_out, ...whatIsWell(view, workloads)].slice(0, 10) }, ...others];
}

function hypothesesFor(view: ClusterView, fault: FaultEvent): Hypothesis[] {
  const { kind, name, namespace } = fault.resource;
  if (isAlert(view, fault)) return diagnoseAlert(view, fault);
  const object = view.find(kind, name, namespace);
  if (object && isKind(object, 'Node')) return present(nodeTrouble(view, object));
  if (object && isKind(object, 'Service')) {
    const balancer = loadBalancerTrouble(view, object);
    if (balancer) return [balancer];
    return present(
      behindService(view, object, undefined, (workload, depth) => diagnoseWorkload(view, workload, {}, depth)[0], 0),
    );
  }
  if (object && isKind(object, 'Ingress'))
    return present(loadBalancerTrouble(view, object) ?? ingressTrouble(view, object) ?? behindIngress(view, object));
  if (object && isKind(object, 'HorizontalPodAutoscaler')) return present(hpaTrouble(view, object));
  if (object && (isKind(object, 'ResourceQuota') || object.kind === 'Namespace'))
    return present(quotaTrouble(view, object));
  if (object && isKind(object, 'PersistentVolumeClaim') && object.status?.phase !== 'Bound') {
    const [user] = workloadsOf(view, fault.resource);
    return [unboundClaim(view, object, user)];
  }
  const workloads = workloadsOf(view, fault.resource);
  const own = workloads.flatMap((workload) =>
    diagnoseWorkload(view, workload, { pod: kind === 'Pod' ? name : undefined, container: fault.container }),
  );
  if (own.length > 0) return own;
  return workloads
    .flatMap((workload) => servicesOf(view, workload))
    .flatMap((service) => serviceTrouble(view, service) ?? []);
}

/** What is wrong with the Services that an Ingress sends to. */
function behindIngress(view: ClusterView, ingress: Parameters<typeof backendsOf>[0]): Hypothesis | undefined {
  const namespace = ingress.metadata?.namespace;
  for (const { name } of backendsOf(ingress)) {
    const service = view.get('Service', name, namespace);
    const found =
      service &&
      behindService(view, service, undefined, (workload, depth) => diagnoseWorkload(view, workload, {}, depth)[0], 0);
    if (found) return found;
  }
  return undefined;
}

/** Where no rule applies, the deciding message stands as it is: a message without interpretation beats a wrong one. */
function verbatim(view: ClusterView, fault: FaultEvent): Hypothesis[] {
  const { kind, name, namespace } = fault.resource;
  const own = view.eventsAbout(kind, name, namespace);
  const ofPods = workloadsOf(view, fault.resource).flatMap(({ pods, creators }) => [
    ...creators.flatMap((creator) => view.eventsAbout(creator.kind, creator.name, namespace)),
    ...pods.flatMap((pod) => view.eventsAbout('Pod', pod.metadata?.name ?? '', namespace)),
  ]);
  const warnings = [...own, ...ofPods].filter(({ event }) => event.type === 'Warning').sort((a, b) => b.at - a.at);
  const said: SeenEvent | undefined = warnings.find(({ message }) => message.length > 20);
  const message = said?.message ?? fault.context ?? '';
  return [
    hypothesis({
      cause: 'unknown',
      culprit: { kind, name, ...(namespace !== undefined && { namespace }) },
      confidence: 30,
      title: `${plain(fault.faultType)} of ${plain(name)}${message === '' ? '' : `: ${plain(message)}`}`,
      statement:
        message === ''
          ? 'Neither an event nor the fault itself says what is wrong.'
          : `${said ? `The event ${code(said.reason)}` : 'The fault, as it was reported,'} says: ${code(message, 500)}.`,
      evidence: quoteEvents(warnings, 4),
    }),
  ];
}

function present(found: Hypothesis | undefined): Hypothesis[] {
  return found ? [found] : [];
}

function unique(all: Hypothesis[]): Hypothesis[] {
  const byName = new Map<string, Hypothesis>();
  for (const one of all) {
    const key = `${one.cause}/${one.culprit.kind}/${one.culprit.name}`;
    if (!byName.has(key)) byName.set(key, one);
  }
  return [...byName.values()];
}
