import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteContainer, quoteEvents } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { code, plain, show } from '../../safe-text.ts';
import { blamed, type Crashed } from './blame.ts';
import { detailOf } from '../../logs/detail.ts';
import { exitCodeMeaning } from './exit-code.ts';
import { refine } from './refine.ts';

/** Diagnoses a container that exits by itself. Its log decides; without a log, the confidence is low. */
export const crash: PodRule = (podCase) => {
  const found = blamed(podCase);
  if (found === undefined) return undefined;
  const { container, cause } = found;
  const { workload, namespace, name } = podCase;
  const end = container.status.state?.terminated ?? container.status.lastState?.terminated;
  const restarts = container.status.restartCount ?? 0;
  const exit = end?.exitCode === undefined ? 'does not stay up' : `ends with exit code ${String(end.exitCode)}`;
  const code_ = end?.exitCode === undefined ? undefined : exitCodeMeaning(end.exitCode);
  const decision = refine(podCase, found) ?? decide(found, end?.exitCode);
  const log = container.status.state?.terminated ? container.log : (container.previousLog ?? container.log);
  const isOneOfMany = container.isInit || (podCase.pod.spec?.containers ?? []).length > 1;
  const subject = isOneOfMany
    ? `${container.isInit ? 'Init container' : 'Container'} ${container.name} of ${workload.name}`
    : workload.name;
  const neverRan = !(end ?? container.status.state?.running);
  return hypothesis({
    cause: decision.cause,
    culprit: decision.culprit ?? culpritOf(workload, container.name, decision.field),
    confidence: decision.confidence,
    title: `${plain(subject)} crashes${decision.short ? `: ${plain(decision.short)}` : ''}`,
    statement: [
      `The ${container.isInit ? 'init container' : 'container'} ${code(container.name)} ${exit}${restarts > 0 ? ` and has restarted ${String(restarts)} times` : ''}${decision.long ? `, because ${decision.long}` : ''}.`,
      cause?.explicit
        ? `Its log says: ${code(cause.line, 500)}.`
        : cause
          ? `Its log names no error; it ends with ${code(cause.line)}.`
          : 'Its log could not be read or is empty.',
      !cause?.explicit && code_ ? `By its exit code, ${code_}.` : '',
    ]
      .filter(Boolean)
      .join(' '),
    evidence: [
      ...(cause && log ? [{ command: log.command, text: cause.excerpt }] : []),
      quoteContainer(podCase, container),
      ...(decision.evidence ?? []),
      ...quoteEvents(
        podCase.events.filter(({ reason }) => reason === 'BackOff' || reason === 'Failed'),
        1,
      ),
    ],
    actions: [
      ...(decision.actions ?? []),
      ...(neverRan
        ? []
        : [
            `Read the whole log of the run that ended: ${show`kubectl logs -n ${namespace} ${name} -c ${container.name} ${container.status.state?.terminated ? '--tail=200' : '--previous'}`}`,
          ]),
    ],
    remedy: decision.actions ? undefined : cause?.failure?.advice,
    ...(decision.ruledOut && { ruledOut: decision.ruledOut }),
  });
};

/** What follows from log and exit code alone. */
function decide({ cause, container }: Crashed, exitCode: number | undefined): ReturnType<typeof refine> & object {
  const failure = cause?.failure;
  const detail = failure && cause ? detailOf(failure.cause, cause.line) : undefined;
  if (failure)
    return {
      cause: failure.cause,
      confidence: failure.cause === 'db_credentials' ? 90 : failure.remote ? 78 : 88,
      short: `${failure.meaning}: ${detail ?? cause?.short ?? ''}`,
      long: failure.meaning,
    };
  if (cause?.explicit) return { cause: 'application_error', confidence: 70, short: cause.short, long: undefined };
  if (exitCode === 0 && !container.isInit)
    return {
      cause: 'exits_immediately',
      confidence: 72,
      short: 'it ends without an error',
      long: 'its process ends by itself, although the pod is to keep running',
    };
  const byCode: Partial<Record<number, Cause>> = {
    126: 'command_not_executable',
    127: 'command_not_found',
    132: 'cpu_unsupported',
    139: 'segmentation_fault',
  };
  const known = exitCode === undefined ? undefined : byCode[exitCode];
  if (known)
    return {
      cause: known,
      confidence: 68,
      short: exitCodeMeaning(exitCode ?? 0),
      long: exitCodeMeaning(exitCode ?? 0),
    };
  return { cause: 'crash_unexplained', confidence: 35, short: undefined, long: undefined };
}
