import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { isPodReady } from '../../../evidence/pod-trouble.ts';
import type { ContainerCase, PodCase } from '../../pod-case.ts';
import { quoteContainer, quoteEvents, quoteField, quoteLogEnd } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { doubled } from '../../fixes/doubled.ts';
import { code, plain, show } from '../../safe-text.ts';

/** runc, when the kernel kills the process of a container whose limit is below what a start needs. */
const AT_START =
  /OOM-killed|oom_kill|memory limit (is )?too low|container init was OOM|insufficient memory to start|minimum memory limit allowed/i;
const RECENT_MS = 60 * 60_000;

/** The kernel killed a container for its memory. */
export const oomKilled: PodRule = (podCase) => {
  const { workload, namespace, name, events, pod, view } = podCase;
  const atStart = events.find(
    ({ reason, message }) => /^(FailedCreatePodSandBox|Failed|FailedStart)$/.test(reason) && AT_START.test(message),
  );
  const victim = podCase.containers.find((candidate) => isVictim(podCase, candidate));
  const container =
    podCase.containers.find((candidate) => ended(candidate) !== undefined) ??
    victim ??
    (atStart ? podCase.containers[0] : undefined);
  if (container === undefined) return undefined;
  const isSystem = container === victim && ended(container) === undefined;
  const end = ended(container);
  const since = view.now - (Date.parse(end?.finishedAt ?? '') || view.now);
  if (isPodReady(pod) && since > RECENT_MS) return undefined;
  const limit = container.spec.resources?.limits?.['memory'];
  const isNode = isSystem || (limit === undefined && !atStart);
  const node = pod.spec?.nodeName ?? '';
  const system = view.eventsAbout('Node', node).filter(({ reason }) => /SystemOOM|OOMKilling/.test(reason));
  const restarts = container.status.restartCount ?? 0;
  return hypothesis({
    cause: isNode ? 'oom_node' : 'oom_limit',
    culprit:
      isNode && system.length > 0
        ? { kind: 'Node', name: node }
        : culpritOf(workload, container.name, 'resources.limits.memory'),
    confidence: isSystem ? 86 : limit || atStart ? 95 : 80,
    title: isNode
      ? `${plain(workload.name)} was killed because the node ${plain(node)} ran out of memory`
      : `${plain(workload.name)} was killed for its memory${limit ? `: limit of ${plain(limit)}` : ''} (OOMKilled)`,
    statement:
      limit && !isNode
        ? `The container ${code(container.name)} needs more memory than its limit of ${code(limit)} allows, so the kernel killed it (OOMKilled${atStart ? ', while it was started' : ''}); it has restarted ${String(restarts)} times.`
        : `The node ${code(node)} ran out of memory, and the kernel killed the container ${code(container.name)}${limit ? `, although it was within its limit of ${code(limit)}` : ', which has no memory limit'}${system[0] ? `: ${code(system[0].message)}` : ''}.`,
    evidence: [
      quoteContainer(podCase, container),
      quoteField(pod, `containers[${container.name}].resources`, container.spec.resources ?? {}),
      ...quoteEvents(atStart ? [atStart] : system, 2),
      ...quoteLogEnd(container.previousLog ?? container.log, 6),
    ],
    actions: [
      limit && !isNode
        ? `Raise the limit, if the load is legitimate: ${show`kubectl set resources -n ${namespace} ${`${workload.kind.toLowerCase()}/${workload.name}`} -c ${container.name} ${`--limits=memory=${doubled(limit) ?? 'NEW'}`}`} (twice the present ${code(limit)})`
        : `Set a memory request and limit, and see what uses the memory of the node: ${show`kubectl top pods -A --sort-by=memory`}`,
      `Compare its use with its limit: ${show`kubectl top pod -n ${namespace} ${name} --containers`}`,
    ],
  });
};

function ended({ status }: ContainerCase): { finishedAt?: string } | undefined {
  return [status.state?.terminated, status.lastState?.terminated].find((end) => end?.reason === 'OOMKilled');
}

/** Killed with SIGKILL while the kernel reported that the node was out of memory. */
function isVictim({ view, pod }: PodCase, { status }: ContainerCase): boolean {
  const end = status.state?.terminated ?? status.lastState?.terminated;
  if (end?.exitCode !== 137 || status.ready === true) return false;
  const at = Date.parse(end.finishedAt ?? '') || view.now;
  return view
    .eventsAbout('Node', pod.spec?.nodeName ?? '')
    .some((event) => event.reason === 'SystemOOM' && Math.abs(event.at - at) < 10 * 60_000);
}
