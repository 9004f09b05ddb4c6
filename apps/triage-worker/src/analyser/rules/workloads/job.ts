import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import { isKind, type Kinds } from '../../../evidence/kubernetes-object.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import type { Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

/** A Job that ran out of time, or a CronJob that starts none any more. What its pods say comes before. */
export function jobTrouble(view: ClusterView, workload: Workload): Hypothesis | undefined {
  const missed = view
    .eventsAbout('CronJob', workload.name, workload.namespace)
    .find(
      ({ reason, message }) =>
        /TooManyMissedTimes|FailedNeedsStart/.test(reason) ||
        /too many missed start time|Cannot determine if .{0,80}needs to be started/i.test(message),
    );
  if (missed) {
    return hypothesis({
      cause: 'cronjob_missed',
      culprit: culpritOf(workload, undefined, 'spec.startingDeadlineSeconds'),
      confidence: 93,
      title: `The CronJob ${plain(workload.name)} starts no more Jobs: too many start times were missed`,
      statement: `The CronJob ${code(workload.name)} missed more than 100 start times, so its controller starts no more Jobs. It says: ${code(missed.message, 400)}.`,
      evidence: [
        ...quoteEvents([missed]),
        ...(workload.object ? [quoteField(workload.object, 'spec', workload.object.spec ?? {})] : []),
      ],
      actions: [
        `Set startingDeadlineSeconds, so that only recent start times count: ${show`kubectl patch cronjob -n ${workload.namespace} ${workload.name} -p ${'{"spec":{"startingDeadlineSeconds":600}}'}`}`,
      ],
    });
  }
  const invalid = view
    .eventsAbout('CronJob', workload.name, workload.namespace)
    .find(({ reason }) => /^(UnparseableSchedule|UnknownTimeZone|InvalidSchedule)$/.test(reason));
  if (invalid) {
    const isZone = invalid.reason === 'UnknownTimeZone';
    return hypothesis({
      cause: 'cronjob_schedule_invalid',
      culprit: culpritOf(workload, undefined, isZone ? 'spec.timeZone' : 'spec.schedule'),
      confidence: 94,
      title: `The CronJob ${plain(workload.name)} has a ${isZone ? 'time zone' : 'schedule'} that cannot be used: ${plain(invalid.message)}`,
      statement: `The CronJob ${code(workload.name)} starts no Jobs. Its controller says: ${code(invalid.message, 400)}.`,
      evidence: quoteEvents([invalid]),
      actions: [`Correct it: ${show`kubectl edit cronjob -n ${workload.namespace} ${workload.name}`}`],
    });
  }
  for (const { object } of workload.creators) {
    if (!object || !isKind(object, 'Job')) continue;
    const failed = object.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
    if (failed?.reason === 'BackoffLimitExceeded' || failed?.reason === 'PodFailurePolicy')
      return failedJob(workload, object, failed);
    if (failed?.reason !== 'DeadlineExceeded') continue;
    return hypothesis({
      cause: 'job_deadline',
      culprit: culpritOf(workload, undefined, 'spec.activeDeadlineSeconds'),
      confidence: 86,
      title: `The Job ${plain(object.metadata?.name ?? '')} did not finish within its deadline`,
      statement: `The Job ${code(object.metadata?.name ?? '')} was ended after its activeDeadlineSeconds (${code(String(object.spec?.activeDeadlineSeconds ?? '?'))} s). It says: ${code(failed.message ?? '')}.`,
      evidence: [quoteField(object, 'status', object.status ?? {})],
    });
  }
  return undefined;
}

/** The Job gave up, and no pod is left that says why. */
function failedJob(
  workload: Workload,
  job: Wire<Kinds['Job']>,
  { reason = '', message = '' }: { reason?: string; message?: string },
): Hypothesis {
  const name = job.metadata?.name ?? '';
  return hypothesis({
    cause: 'job_failed',
    culprit: culpritOf(workload),
    confidence: 52,
    title: `The Job ${plain(name)} failed ${String(job.status?.failed ?? '')} times, and no pod says why`,
    statement: `The Job ${code(name)} failed with ${code(reason)}: ${code(message)}. None of its pods shows a reason any more.`,
    evidence: [quoteField(job, 'status', job.status ?? {})],
    actions: [
      `See whether a pod of it is left: ${show`kubectl get pods -n ${workload.namespace} -l ${`job-name=${name}`}`}`,
    ],
  });
}
