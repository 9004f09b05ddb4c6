import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { ReportSummary } from '@nightcrier/core/incidents/report';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import type { Logger } from '@nightcrier/core/logger';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { LockedJob } from '@nightcrier/state/queue/job-locks';
import type { TriageCounters } from '@nightcrier/state/queue/triage-counters';
import type { TriageJob } from '@nightcrier/state/queue/triage-queue';
import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import { investigationSeconds } from '@nightcrier/runtime/metrics/process-metrics';
import { dispositionOf, type NotificationPolicy, type RetryPolicy } from './disposition.ts';
import { traceIncident } from './trace-triage.ts';

/** Characters of a root cause in the log. */
const LONGEST_CAUSE = 300;

/** A job whose lock this worker holds. */
export interface HeldJob {
  job: Job<TriageJob>;
  /** Proves to BullMQ that this worker holds the lock. */
  token: string;
  locked: LockedJob;
  lockDuration: number;
  /** Renews the lock. Returns false when another worker has the job. */
  renew: () => Promise<boolean>;
  /** Writes to Redis; waits while it refuses writes, so that no result of an agent is lost because its disk is full. */
  persist: <Result>(write: () => Promise<Result>) => Promise<Result>;
}

export interface SettleParts {
  incidents: IncidentStore;
  counters: TriageCounters;
  retry: RetryPolicy;
  notifications: NotificationPolicy;
  /** Wakes the notifier: a notification is due. */
  wakeNotifier: () => void;
  logger: Logger;
  /** Duration of the run, in seconds. */
  seconds: number;
}

/**
 * Applies an outcome: first to the row, then, by returning or throwing, to the job. If the worker dies in between, the job
 * is taken again and its row says that it has ended.
 * @throws DelayedError the job waits again, or another worker holds its lock; BullMQ leaves it as it is
 * @throws UnrecoverableError the job has failed
 */
export async function settle(held: HeldJob, outcome: TriageOutcome, parts: SettleParts): Promise<void> {
  const { incidents, counters, logger, seconds } = parts;
  const { persist } = held;
  const id = held.job.data.incident_id;
  // A worker that has lost the job must not overwrite what the new holder has written.
  if (!(await persist(async () => held.renew()))) {
    logger.warn({ outcome: outcome.kind }, 'job lock lost; outcome discarded');
    throw new DelayedError();
  }
  const attempts = outcome.kind === 'retry' ? ((await incidents.get(id))?.attempts ?? 0) : 0;
  const disposition = dispositionOf(outcome, attempts, parts.retry, parts.notifications);
  const report = async (fields: object): Promise<void> => {
    await persist(async () => counters.count(outcome.kind, seconds));
    const agent = 'agent' in outcome ? (outcome.agent ?? 'none') : 'none';
    investigationSeconds.observe({ outcome: outcome.kind, agent }, seconds);
    const { resource } = held.job.data;
    logger[disposition.level]({ resource, ...fields, duration_seconds: seconds }, disposition.message);
  };

  if (disposition.job === 'delay') {
    const { reason, milliseconds, attemptCounts } = disposition;
    await persist(async () => incidents.requeued(id, reason, { attempt_counts: attemptCounts }));
    await report({ reason, delay_ms: milliseconds });
    return giveBack(held, milliseconds);
  }
  const { end, markdown } = disposition;
  if (markdown !== undefined) {
    const redacted = await redactText(markdown);
    await persist(async () => incidents.saveReport(id, redacted));
  }
  const { kind } = await persist(async () => incidents.finish(id, end));
  if (end.notify) parts.wakeNotifier();
  if (kind === 'final') logger.info({ outcome: outcome.kind }, 'incident had already ended; outcome discarded');
  else {
    const cause = outcome.kind === 'reported' ? causeIn(outcome.report) : undefined;
    if (cause !== undefined) await persist(async () => counters.countCause(cause));
    await report({ state: end.state, reason: end.reason, ...(await causeOf(outcome)) });
    // Other outcomes are traced with their attempt; that it was the last one is decided here.
    if (outcome.kind === 'retry') {
      traceIncident(held.job, await incidents.get(id), { outcome: end.state, error: end.reason });
    }
  }
  // BullMQ stores the message.
  if (disposition.job === 'fail') throw new UnrecoverableError(hideSecrets(end.reason ?? ''));
}

/** The cause of the first hypothesis, `unknown` while it is no conclusion; undefined without a diagnosis. */
function causeIn({ diagnosis }: ReportSummary): Cause | undefined {
  if (diagnosis === undefined) return undefined;
  return diagnosis.determined ? (diagnosis.hypotheses[0]?.cause ?? 'unknown') : 'unknown';
}

/** Returns the fields of the final log line that say what was found. */
async function causeOf(outcome: TriageOutcome): Promise<object> {
  if (outcome.kind !== 'reported') return {};
  const cause = await redactText(outcome.report.root_cause);
  return { agent: outcome.agent, cause: cause.slice(0, LONGEST_CAUSE), confidence: outcome.report.confidence };
}

/** Requeues the job without an attempt counted by BullMQ. */
export async function giveBack({ job, token, persist }: HeldJob, milliseconds = 1): Promise<never> {
  await persist(async () => job.moveToDelayed(Date.now() + milliseconds, token));
  throw new DelayedError();
}
