import type { Logger } from '@nightcrier/core/logger';
import type { Settings } from '@nightcrier/core/settings/config';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { IncidentEnd, IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { TriageCounters } from '@nightcrier/state/queue/triage-counters';
import type { TriageJob } from '@nightcrier/state/queue/triage-queue';
import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import { type RetryPolicy, retryDelay } from './retry-delay.ts';

/** What an outcome means to the job, the incident's row (and by it, to whoever is notified) and the log. */
export type Disposition = { level: 'info' | 'warn' | 'error'; message: string } & (
  | { job: 'complete' | 'fail'; end: IncidentEnd; markdown?: string }
  | { job: 'delay'; milliseconds: number; reason: string; attemptCounts: boolean }
);

/** What of the configuration decides who is told what. */
export type NotificationPolicy = Pick<Settings, 'notify_on_agent_failure'>;

/**
 * The one place that says what each outcome of triage means.
 * @param attempts investigations begun, this one included
 */
export function dispositionOf(
  outcome: TriageOutcome,
  attempts: number,
  retry: RetryPolicy,
  { notify_on_agent_failure }: NotificationPolicy,
): Disposition {
  switch (outcome.kind) {
    case 'resolved': {
      const { report, markdown, agent, reason } = outcome;
      const because = reason === undefined ? {} : { reason };
      const end: IncidentEnd = { state: 'resolved', report, agent, ...because, notify: 'incident_resolved' };
      return { job: 'complete', end, markdown, level: 'info', message: 'incident resolved' };
    }
    case 'agent_failed': {
      const { reason, agent } = outcome;
      // One alone tells little; the breaker tells when they are many.
      const notify = notify_on_agent_failure ? { notify: 'incident_agent_failed' as const } : {};
      const end: IncidentEnd = { state: 'agent_failed', reason, agent, ...notify };
      return { job: 'fail', end, level: 'warn', message: 'agent failed' };
    }
    case 'failed':
      return {
        job: 'fail',
        end: { state: 'failed', reason: outcome.reason, notify: 'incident_failed' },
        level: 'error',
        message: 'triage failed',
      };
    case 'retry': {
      if (attempts >= retry.maxAttempts) {
        const reason = `gave up after ${attempts} attempts: ${outcome.reason}`;
        const end: IncidentEnd = { state: 'failed', reason, notify: 'incident_failed' };
        return { job: 'fail', end, level: 'error', message: 'triage failed' };
      }
      const milliseconds = retryDelay(attempts, retry);
      const { reason } = outcome;
      return {
        job: 'delay',
        milliseconds,
        reason,
        attemptCounts: true,
        level: 'warn',
        message: 'triage will be retried',
      };
    }
    case 'requeue':
      // One millisecond from now: another worker takes it at once.
      return {
        job: 'delay',
        milliseconds: 1,
        reason: outcome.reason,
        attemptCounts: false,
        level: 'info',
        message: 'incident handed back',
      };
    case 'expired':
      return {
        job: 'complete',
        end: { state: 'expired', reason: outcome.reason },
        level: 'warn',
        message: 'incident expired',
      };
    case 'skipped':
      return {
        job: 'complete',
        end: { state: 'skipped', reason: outcome.reason },
        level: 'info',
        message: 'triage_skipped',
      };
    case 'cancelled':
      return {
        job: 'complete',
        end: { state: 'cancelled', reason: outcome.reason },
        level: 'info',
        message: 'incident cancelled',
      };
    default:
      return outcome satisfies never;
  }
}

/** A job that this worker has in hand. */
export interface HeldJob {
  job: Job<TriageJob>;
  /** Proof to BullMQ that the job is ours. */
  token: string;
  lockDuration: number;
}

export interface SettleParts {
  incidents: IncidentStore;
  counters: TriageCounters;
  retry: RetryPolicy;
  notifications: NotificationPolicy;
  /** Has what is due to be told looked for at once. */
  wakeNotifier: () => void;
  logger: Logger;
  /** How long the run took, in seconds. */
  seconds: number;
}

/**
 * Carries out what an outcome means: first on the row, then, by returning or by what it throws, on the job. A worker
 * that dies in between leaves a job that is taken again, and whose row then says that it has ended.
 * @throws DelayedError the job waits again, or is no longer ours; BullMQ leaves it as it is
 * @throws UnrecoverableError the job has failed for good
 */
export async function settle(held: HeldJob, outcome: TriageOutcome, parts: SettleParts): Promise<void> {
  const { incidents, counters, logger, seconds } = parts;
  const id = held.job.data.incident_id;
  // A worker that was away too long must not write over what the job's new holder has written.
  if ((await held.job.extendLock(held.token, held.lockDuration)) !== 1) {
    logger.warn({ outcome: outcome.kind }, 'lock on the incident was lost; this outcome is discarded');
    throw new DelayedError();
  }
  const attempts = outcome.kind === 'retry' ? ((await incidents.get(id))?.attempts ?? 0) : 0;
  const disposition = dispositionOf(outcome, attempts, parts.retry, parts.notifications);
  const report = async (fields: object): Promise<void> => {
    await counters.count(outcome.kind, seconds);
    logger[disposition.level]({ ...fields, duration_seconds: seconds }, disposition.message);
  };

  if (disposition.job === 'delay') {
    const { reason, milliseconds, attemptCounts } = disposition;
    await incidents.requeued(id, reason, { attempt_counts: attemptCounts });
    await report({ reason, delay_ms: milliseconds });
    return giveBack(held, milliseconds);
  }
  const { end, markdown } = disposition;
  if (markdown !== undefined) await incidents.saveReport(id, markdown);
  const { kind } = await incidents.finish(id, end);
  if (end.notify) parts.wakeNotifier();
  if (kind === 'final') logger.info({ outcome: outcome.kind }, 'incident had ended already; its row stays as it is');
  else await report({ state: end.state, reason: end.reason });
  if (disposition.job === 'fail') throw new UnrecoverableError(end.reason);
}

/** Lets the job wait again, without BullMQ counting an attempt. */
export async function giveBack({ job, token }: HeldJob, milliseconds = 1): Promise<never> {
  await job.moveToDelayed(Date.now() + milliseconds, token);
  throw new DelayedError();
}
