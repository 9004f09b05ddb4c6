import { confidence } from '../diagnosis.ts';
import { quoteContainer, quoteEvents, type ContainerCase } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';
import { quoteLogEnd } from '../logs/log-quotes.ts';

/** The kernel killed a container for its memory. */
export const oomKilled: PodRule = {
  name: 'oom-killed',
  applies(podCase) {
    const container = podCase.containers.find((candidate) => killed(candidate) !== undefined);
    if (container === undefined) return undefined;
    const { name, namespace } = podCase;
    const limit = container.spec.resources?.limits?.['memory'];
    const exitCode = killed(container)?.exitCode;
    const restarts = container.status.restartCount ?? 0;
    const events = podCase.events.filter(({ reason }) => ['OOMKilling', 'BackOff', 'SystemOOM'].includes(reason));
    return {
      title: `Container ${plain(container.name)} of ${plain(name)} killed for exceeding its memory${limit ? ` limit of ${plain(limit)}` : ''}`,
      summary: `Container ${code(container.name)} was OOMKilled (exit code ${exitCode ?? 'unknown'}) and has restarted ${restarts} times.`,
      rootCause: limit
        ? `The container needs more memory than its limit of ${code(limit)} allows, so the kernel killed it (OOMKilled, exit code ${exitCode ?? 'unknown'}).`
        : 'The container has no memory limit of its own and was OOMKilled: the node (or the pod as a whole) ran out of memory.',
      confidence: confidence(
        80,
        limit !== undefined,
        restarts > 0,
        events.some(({ reason }) => reason !== 'BackOff'),
      ),
      quotes: [
        quoteContainer(podCase, container),
        ...(limit
          ? [{ command: podCase.command, text: `containers[${container.name}].resources.limits.memory: ${limit}` }]
          : []),
        ...quoteEvents(events),
        ...quoteLogEnd(container.previousLog ?? container.log),
      ],
      recommendations: [
        `Compare its use with its limit: ${show`kubectl top pod -n ${namespace} ${name} --containers`}`,
        limit
          ? `Raise resources.limits.memory of container ${code(container.name)} above ${code(limit)} (and the request with it), if the load is legitimate.`
          : `Set a memory request and limit for container ${code(container.name)}, and look at the memory of its node.`,
        'Otherwise let it need less: lower its concurrency or cache sizes, bound the heap of its runtime below the limit, or look for a leak.',
        `See what it did before: ${show`kubectl logs -n ${namespace} ${name} -c ${container.name} --previous --tail=100`}`,
      ],
    };
  },
};

function killed({ status }: ContainerCase): { exitCode?: number } | undefined {
  return [status.state?.terminated, status.lastState?.terminated].find((end) => end?.reason === 'OOMKilled');
}
