import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { detailOf } from '../../logs/detail.ts';
import { knownFailure } from '../../logs/known-failures.ts';
import { quoteContainer, quoteLogEnd } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, oneLine, plain, show } from '../../safe-text.ts';

/** An init container that runs longer than this holds up its pod. */
const LONG_MS = 3 * 60_000;

/** An init container that neither ends nor fails: it waits for something, and its log may say for what. */
export const initHangs: PodRule = (podCase) => {
  const { view, workload, namespace, name } = podCase;
  const container = podCase.containers.find(({ isInit, status, spec }) => {
    const started = Date.parse(status.state?.running?.startedAt ?? '');
    return isInit && spec.restartPolicy !== 'Always' && view.now - started > LONG_MS;
  });
  if (container === undefined) return undefined;
  const lines = (container.log?.text ?? '').split('\n').slice(-100);
  const line = lines.findLast((it) => knownFailure(it) !== undefined);
  const failure = line === undefined ? undefined : knownFailure(line);
  const detail = line && failure ? detailOf(failure.cause, line) : undefined;
  const minutes = Math.round((view.now - Date.parse(container.status.state?.running?.startedAt ?? '')) / 60_000);
  const command = [...(container.spec.command ?? []), ...(container.spec.args ?? [])].join(' ');
  return hypothesis({
    cause: failure?.cause ?? 'crash_unexplained',
    culprit: culpritOf(workload, container.name),
    confidence: failure ? 80 : 45,
    title: `Init container ${plain(container.name)} of ${plain(workload.name)} does not end${failure ? `: ${plain(failure.meaning)}${detail ? `: ${plain(detail)}` : ''}` : ''}`,
    statement: `The init container ${code(container.name)} has run for ${String(minutes)} minutes, so no other container of the pod starts.${failure ? ` It waits, because ${failure.meaning}.` : ''}${line ? ` Its log says: ${code(oneLine(line))}.` : ''}${command ? ` It runs ${code(command, 200)}.` : ''}`,
    evidence: [...quoteLogEnd(container.log, 12), quoteContainer(podCase, container)],
    actions: [`Follow its log: ${show`kubectl logs -n ${namespace} ${name} -c ${container.name} -f`}`],
  });
};
