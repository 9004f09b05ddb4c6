import { CAUSES, type Cause } from '@nightcrier/core/diagnosis/cause';
import type { RuledOut } from '@nightcrier/core/diagnosis/diagnosis';
import type { Node } from '../../../evidence/kubernetes-object.ts';
import { hypothesis, culpritOf } from '../../hypothesis.ts';
import type { PodCase } from '../../pod-case.ts';
import { quantityOf } from '@nightcrier/core/kubernetes/quantity';
import { quoteEvents, quoteField } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';
import { editTemplate } from '../../fixes/edit-template.ts';
import { claimTrouble } from '../storage/claim.ts';
import { obstaclesOf, requestOf, type Obstacle } from './node-fit.ts';
import { reasonsIn, verdictOf, type Reason } from './verdict.ts';

/** The messages of the scheduler in terms of what the objects show. */
const AS_OBSTACLE: Partial<Record<Cause, Obstacle>> = {
  insufficient_cpu: 'cpu',
  insufficient_memory: 'memory',
  node_cordoned: 'cordon',
  untolerated_taint: 'taint',
  node_not_ready: 'not_ready',
};

/** No node takes the pod. A pod that has a node is past this. */
export const unschedulable: PodRule = (podCase) => {
  const { pod, name, namespace, events, workload, command } = podCase;
  if (pod.spec?.nodeName) return undefined;
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (condition?.reason === 'SchedulingGated') {
    return hypothesis({
      cause: 'scheduling_gated',
      culprit: culpritOf(workload, undefined, 'spec.schedulingGates'),
      confidence: 92,
      title: `${plain(name)} waits for a scheduling gate`,
      statement: `The pod ${code(name)} has scheduling gates ${code((pod.spec?.schedulingGates ?? []).map((gate) => gate.name).join(', '))}, which nothing has removed.`,
      evidence: [{ command, text: condition.message ?? 'SchedulingGated' }],
    });
  }
  const failed = events.filter(({ reason }) => reason === 'FailedScheduling');
  const message = condition?.message ?? failed[0]?.message;
  if (message === undefined) return undefined;
  const reasons = reasonsIn(message);
  const claim = reasons.some(({ cause }) => cause === 'pvc_pending' || cause === 'pvc_not_found')
    ? claimTrouble(podCase, message)
    : undefined;
  const evidence = [{ command, text: `PodScheduled=False: ${message}` }, ...quoteEvents(failed, 1)];
  if (claim) return { ...claim, evidence: [...claim.evidence, ...evidence].slice(0, 8) };

  const { cause, ruledOut, nodes } = decisive(podCase, reasons);
  const detail = explain(cause, podCase, nodes);
  return hypothesis({
    cause,
    culprit: culpritOf(workload, undefined, detail.field),
    confidence: cause === 'scheduling_failed' ? 45 : reasons.length === 1 ? 94 : 90,
    title: `${plain(workload.name)} cannot be scheduled: ${detail.title}`,
    statement: `${detail.statement} The scheduler says: ${code(verdictOf(message), 400)}.`,
    evidence: [...detail.evidence, ...evidence],
    actions: [
      ...detail.actions,
      `Compare the pod with the nodes: ${show`kubectl describe pod -n ${namespace} ${name}`}`,
    ],
    ruledOut,
  });
};

/**
 * The one obstacle whose removal would place the pod: of the node that has the fewest. A node that is cordoned and lacks a
 * label too needs two changes; a node that only lacks the label needs one.
 */
function decisive(podCase: PodCase, reasons: Reason[]): { cause: Cause; ruledOut: RuledOut[]; nodes: Node[] } {
  const { view, pod } = podCase;
  if (reasons.length === 0) return { cause: 'scheduling_failed', ruledOut: [], nodes: [] };
  const said = new Set(reasons.flatMap(({ cause }) => AS_OBSTACLE[cause] ?? []));
  const isSelectorSaid = reasons.some(({ cause }) => cause === 'node_selector_mismatch');
  const fits = view.all('Node').map((node) => {
    // What the objects show counts only where the scheduler says it too: pods of other namespaces are not known.
    const shown = [...obstaclesOf(view, pod, node)].filter((it) =>
      it === 'selector' || it === 'affinity' ? isSelectorSaid : said.has(it),
    );
    return { node, obstacles: shown };
  });
  const isControlPlane = (node: Node) =>
    Object.keys(node.metadata?.labels ?? {}).some((label) => /control-plane|\/master$/.test(label)) ||
    node.metadata?.labels?.['kubernetes.io/role'] === 'master';
  // A node that selector and affinity choose is meant: what else keeps the pod from it is the obstacle.
  const meant = fits.filter(
    ({ node, obstacles }) =>
      !obstacles.includes('selector') && !obstacles.includes('affinity') && !isControlPlane(node),
  );
  const considered = isSelectorSaid && meant.length > 0 ? meant : fits;
  const least = Math.min(...considered.map(({ obstacles }) => obstacles.length));
  const nearest = considered
    .filter(({ obstacles }) => obstacles.length === least)
    .sort((a, b) => Number(isControlPlane(a.node)) - Number(isControlPlane(b.node)));
  const kinds = new Set(
    nearest
      .filter(({ node }) => nearest.length === 1 || !isOnlyCordonedSpare(node, nearest))
      .flatMap(({ obstacles }) => obstacles),
  );
  const others = reasons.filter(({ cause }) => !(cause in AS_OBSTACLE) && cause !== 'node_selector_mismatch');
  const cause =
    least === 0 || fits.length === 0 || others.length > 0
      ? byCount(reasons, podCase)
      : (causeOf(kinds, reasons) ?? byCount(reasons, podCase));
  return { cause, ruledOut: notDecisive(cause, reasons), nodes: nearest.map(({ node }) => node) };
}

/** A node kept out of use by its cordon is no hint while other nodes lack something else. */
function isOnlyCordonedSpare(node: Node, nearest: { node: Node; obstacles: Obstacle[] }[]): boolean {
  const own = nearest.find((fit) => fit.node === node);
  return own?.obstacles.join() === 'cordon' && nearest.some(({ obstacles }) => obstacles.join() !== 'cordon');
}

function causeOf(obstacles: Set<Obstacle>, reasons: Reason[]): Cause | undefined {
  const [only] = obstacles.size === 1 ? obstacles : [];
  if (only === 'selector') return 'node_selector_mismatch';
  if (only === 'affinity') return 'node_affinity_mismatch';
  return only && reasons.find(({ cause }) => AS_OBSTACLE[cause] === only)?.cause;
}

/** Without the nodes: the reason that holds for most nodes, cordoned ones left aside. */
function byCount(reasons: Reason[], { pod }: PodCase): Cause {
  const counted = reasons.filter(({ cause }) => cause !== 'node_cordoned');
  const candidates = counted.length > 0 ? counted : reasons;
  const [first] = [...candidates].sort((a, b) => (b.nodes ?? 1_000) - (a.nodes ?? 1_000));
  if (first?.cause !== 'node_selector_mismatch') return first?.cause ?? 'scheduling_failed';
  const hasSelector = Object.keys(pod.spec?.nodeSelector ?? {}).length > 0;
  return !hasSelector && pod.spec?.affinity?.nodeAffinity ? 'node_affinity_mismatch' : 'node_selector_mismatch';
}

function notDecisive(cause: Cause, reasons: Reason[]): RuledOut[] {
  return reasons
    .filter(
      (reason) =>
        reason.cause !== cause && !(cause === 'node_affinity_mismatch' && reason.cause === 'node_selector_mismatch'),
    )
    .map(({ text }) => ({
      what: text,
      because: 'it holds only for nodes that have another obstacle too, or that are kept out of use',
    }));
}

interface Explanation {
  title: string;
  statement: string;
  field?: string;
  evidence: { command: string; text: string }[];
  actions: string[];
}

function explain(cause: Cause, { pod, view, workload }: PodCase, nodes: Node[]): Explanation {
  const names = nodes.map(({ metadata }) => metadata?.name ?? '').slice(0, 3);
  const [node = ''] = names;
  const patch = (path: string) => editTemplate(workload, 'it', path);
  switch (cause) {
    case 'node_selector_mismatch': {
      const wanted = pod.spec?.nodeSelector ?? {};
      const text = Object.entries(wanted)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ');
      return {
        title: `no node has the label ${plain(text)}`,
        statement: `The pod asks for nodes with ${code(text)} (nodeSelector), and no node that could take it has that.`,
        field: 'spec.nodeSelector',
        evidence: [quoteField(pod, 'spec.nodeSelector', wanted), ...labelsOf(view.all('Node'), Object.keys(wanted))],
        actions: [
          patch('spec.template.spec.nodeSelector'),
          `Or label a node: ${show`kubectl label node ${node} ${text.split(', ')[0] ?? ''}`}`,
        ],
      };
    }
    case 'node_affinity_mismatch': {
      const terms =
        pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
      const text = terms
        .flatMap(({ matchExpressions = [] }) =>
          matchExpressions.map(
            ({ key, operator, values = [] }) =>
              `${key} ${operator}${values.length > 0 ? ` (${values.join(', ')})` : ''}`,
          ),
        )
        .join('; ');
      return {
        title: `no node meets its node affinity ${plain(text)}`,
        statement: `The pod requires node affinity ${code(text)}, and no node that could take it meets that.`,
        field: 'spec.affinity.nodeAffinity',
        evidence: [
          quoteField(pod, 'nodeSelectorTerms', terms),
          ...labelsOf(
            view.all('Node'),
            terms.flatMap(({ matchExpressions = [] }) => matchExpressions.map(({ key = '' }) => key)),
          ),
        ],
        actions: [patch('spec.template.spec.affinity.nodeAffinity')],
      };
    }
    case 'node_cordoned':
      return {
        title: `${plain(names.join(', ') || 'the nodes')} cordoned`,
        statement: `The only nodes that fit the pod are cordoned: ${code(names.join(', '))}.`,
        evidence: nodes
          .slice(0, 3)
          .map((it) => quoteField(it, 'spec.unschedulable', String(it.spec?.unschedulable ?? true))),
        actions: [`Make the node usable again, if its maintenance is over: ${show`kubectl uncordon ${node}`}`],
      };
    case 'untolerated_taint': {
      const taints = nodes.flatMap(({ spec }) =>
        (spec?.taints ?? [])
          .filter(({ key }) => key !== 'node.kubernetes.io/unschedulable')
          .map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`),
      );
      const [taint = ''] = taints;
      return {
        title: `it does not tolerate the taint ${plain(taint)}`,
        statement: `The nodes that fit the pod (${code(names.join(', '))}) have the taint ${code([...new Set(taints)].join(', '))}, which it does not tolerate.`,
        field: 'spec.tolerations',
        evidence: nodes.slice(0, 3).map((it) => quoteField(it, 'spec.taints', it.spec?.taints ?? [])),
        actions: [
          patch('spec.template.spec.tolerations'),
          `Or remove the taint, if it is no longer wanted: ${show`kubectl taint node ${node} ${`${taint}-`}`}`,
        ],
      };
    }
    case 'insufficient_cpu':
    case 'insufficient_memory': {
      const resource = cause === 'insufficient_cpu' ? 'cpu' : 'memory';
      const requests = [...(pod.spec?.containers ?? [])].flatMap(({ name, resources }) =>
        resources?.requests?.[resource] ? [`${name}: ${resources.requests[resource]}`] : [],
      );
      const largest = [...view.all('Node')].sort(
        (a, b) =>
          (quantityOf(b.status?.allocatable?.[resource] ?? '') ?? 0) -
          (quantityOf(a.status?.allocatable?.[resource] ?? '') ?? 0),
      )[0];
      const most = largest?.status?.allocatable?.[resource];
      const never = most !== undefined && requestOf(pod, resource) > (quantityOf(most) ?? Infinity);
      return {
        title: `not enough ${resource === 'cpu' ? 'CPU' : 'memory'} for its request of ${plain(requests.map((it) => it.split(': ')[1]).join(' + ') || 'its containers')}`,
        statement: `The pod requests ${code(requests.join(', '))} of ${resource}; ${never ? `the largest node has ${code(most)} in all, so it can never be placed` : 'no node has that much left'}.`,
        field: `spec.containers[].resources.requests.${resource}`,
        evidence: [
          quoteField(pod, `resources.requests.${resource}`, requests.join(', ')),
          ...(largest ? [quoteField(largest, `status.allocatable.${resource}`, most ?? '')] : []),
        ],
        actions: [
          patch(`spec.template.spec.containers[].resources.requests.${resource}`),
          `See what the nodes have left: ${show`kubectl describe nodes`}`,
        ],
      };
    }
    case 'pod_anti_affinity_conflict':
      return {
        title: 'each node runs a pod that it must not be beside',
        statement: `The pod requires anti-affinity, and each node that could take it runs a pod that this excludes (${String(workload.pods.length)} pods of ${code(workload.name)} for ${String(view.all('Node').length)} nodes).`,
        field: 'spec.affinity.podAntiAffinity',
        evidence: [quoteField(pod, 'podAntiAffinity', pod.spec?.affinity?.podAntiAffinity ?? {})],
        actions: [patch('spec.template.spec.affinity.podAntiAffinity')],
      };
    default:
      return {
        title: CAUSES[cause].meaning.replace(/^The |\.$/g, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase()),
        statement: CAUSES[cause].meaning,
        evidence: [],
        actions: [],
      };
  }
}

function labelsOf(nodes: Node[], keys: string[]): { command: string; text: string }[] {
  if (nodes.length === 0) return [];
  const lines = nodes.slice(0, 10).map(({ metadata }) => {
    const values = keys.map((key) => `${key}=${metadata?.labels?.[key] ?? '(none)'}`);
    return `${metadata?.name}: ${values.join(', ')}`;
  });
  return [{ command: `kubectl get nodes -L ${keys.join(',')}`, text: lines.join('\n') }];
}
