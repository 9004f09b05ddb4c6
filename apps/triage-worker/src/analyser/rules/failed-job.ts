import { piecesOf } from '../../evidence/evidence.ts';
import { isKind } from '../../evidence/kubernetes-object.ts';
import { confidence } from '../diagnosis.ts';
import { eventsAbout, quoteEvents } from '../pod-case.ts';
import type { Rule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';
import { podInTrouble } from './pod-in-trouble.ts';

/** Why the Job controller gives up, by the reason of the Job's condition. */
const REASONS: Partial<Record<string, string>> = {
  BackoffLimitExceeded: 'all its attempts failed',
  DeadlineExceeded: 'it did not finish within its activeDeadlineSeconds',
  PodFailurePolicy: 'a pod failed in a way that its podFailurePolicy takes as final',
  MaxFailedIndexesExceeded: 'too many of its indexes failed',
};

/** A Job that has failed, with the cause of its pods. */
export const failedJob: Rule = {
  name: 'failed-job',
  applies(evidence, fault) {
    const pieces = piecesOf(evidence, 'object').filter(({ role }) => role === 'resource');
    for (const { object, command } of pieces) {
      if (!isKind(object, 'Job')) continue;
      const failed = object.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
      if (failed === undefined) return undefined;
      const { name = '', namespace = 'default' } = object.metadata ?? {};
      const { reason = 'Failed', message = '' } = failed;
      const meaning = REASONS[reason] ?? 'its controller gave up';
      const isDeadline = reason === 'DeadlineExceeded';
      const podCause = podInTrouble.applies(evidence, fault);
      const events = eventsAbout(evidence, 'Job', name).filter(({ event }) => event.type === 'Warning');
      return {
        title: `Job ${plain(name)} failed: ${podCause?.title ?? meaning}`,
        summary: `The Job ${code(name)} failed (${code(reason)}): ${meaning}; ${object.status?.failed ?? 0} pods failed.${podCause ? ` ${podCause.summary}` : ''}`,
        rootCause: [
          podCause?.rootCause ??
            (isDeadline ? '' : 'None of its pods is left to tell why, or none shows a known cause.'),
          `The Job ends as ${code(reason)}: ${meaning}.${message ? ` The controller says: ${code(message)}.` : ''}`,
        ]
          .filter(Boolean)
          .join(' '),
        confidence: podCause ? confidence(podCause.confidence - 4, events.length > 0) : isDeadline ? 60 : 35,
        quotes: [
          {
            command,
            text: `status.conditions[Failed]: ${reason}\n${message}\nstatus.failed: ${object.status?.failed ?? 0}\nspec.backoffLimit: ${object.spec?.backoffLimit ?? 6}`,
          },
          ...quoteEvents(events),
          ...(podCause?.quotes ?? []),
        ],
        recommendations: [
          ...(podCause?.recommendations ?? []),
          ...(isDeadline ? ['If the work is legitimate, raise activeDeadlineSeconds, or let each run do less.'] : []),
          `See its pods: ${show`kubectl get pods -n ${namespace} -l job-name=${name}`}. A failed Job is not tried again: once mended, create it anew (its CronJob does so at the next turn).`,
        ],
      };
    }
    return undefined;
  },
};
