import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { isKind } from '../../../evidence/kubernetes-object.ts';
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
  for (const { object } of workload.creators) {
    if (!object || !isKind(object, 'Job')) continue;
    const failed = object.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
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
