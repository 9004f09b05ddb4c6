import { backoff, type BackoffPolicy } from '@nightcrier/core/async/backoff';
import { describeFailures } from '@nightcrier/core/incidents/agent-failure';
import type { AgentFailures, TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Settings } from '@nightcrier/core/settings/config';
import type { IncidentEnd } from '@nightcrier/state/incidents/incidents';

/** What an outcome means to the job, the incident's row, its notification, and the log. */
export type Disposition = { level: 'info' | 'warn' | 'error'; message: string } & (
  | { job: 'complete' | 'fail'; end: IncidentEnd; markdown?: string }
  | { job: 'delay'; milliseconds: number; reason: string; attemptCounts: boolean }
);

/** When an investigation that could not run is tried again. */
export interface RetryPolicy extends BackoffPolicy {
  /** `max_attempts` */
  maxAttempts: number;
  /** 0 ≤ x < 1 */
  random: () => number;
}

/** The settings that decide which outcomes are notified. */
export type NotificationPolicy = Pick<Settings, 'notify_on_agent_failure'>;

/** Milliseconds until an incident that is handed back is available: another worker takes it at once. */
const HAND_BACK_DELAY = 1;

/**
 * Maps an outcome of triage. The one place that says what each outcome means.
 * @param attempts investigations started, this one included
 */
export function dispositionOf(
  outcome: TriageOutcome,
  attempts: number,
  retry: RetryPolicy,
  { notify_on_agent_failure }: NotificationPolicy,
): Disposition {
  switch (outcome.kind) {
    case 'reported': {
      const { report, markdown, agent, failures } = outcome;
      const fallback = failures.length === 0 ? {} : fallbackFields(agent, failures);
      const end: IncidentEnd = { state: 'reported', report, agent, ...fallback, notify: 'incident_resolved' };
      return { job: 'complete', end, markdown, level: 'info', message: 'incident reported' };
    }
    case 'agent_failed': {
      const { agent } = outcome;
      // A single failure needs no operator; the breaker notifies when there are many.
      const notify = notify_on_agent_failure ? { notify: 'incident_agent_failed' as const } : {};
      const end: IncidentEnd = { state: 'agent_failed', agent, ...causeFields(outcome), ...notify };
      return { job: 'fail', end, level: 'warn', message: 'agent failed' };
    }
    case 'failed': {
      const end: IncidentEnd = { state: 'failed', ...causeFields(outcome), notify: 'incident_failed' };
      return { job: 'fail', end, level: 'error', message: 'triage failed' };
    }
    case 'retry': {
      const cause = causeFields(outcome);
      if (attempts >= retry.maxAttempts) {
        const reason = `gave up after ${attempts} attempts: ${cause.reason}`;
        const end: IncidentEnd = { state: 'failed', ...cause, reason, notify: 'incident_failed' };
        return { job: 'fail', end, level: 'error', message: 'attempts exhausted; triage failed' };
      }
      const milliseconds = backoff(attempts, retry, retry.random());
      const { reason } = cause;
      return {
        job: 'delay',
        milliseconds,
        reason,
        attemptCounts: true,
        level: 'warn',
        message: 'triage retry scheduled',
      };
    }
    case 'requeue': {
      const { reason, delay: milliseconds = HAND_BACK_DELAY } = outcome;
      return { job: 'delay', milliseconds, reason, attemptCounts: false, level: 'info', message: 'incident requeued' };
    }
    case 'expired': {
      const end: IncidentEnd = { state: 'expired', reason: outcome.reason };
      return { job: 'complete', end, level: 'warn', message: 'incident expired' };
    }
    case 'skipped': {
      const end: IncidentEnd = { state: 'skipped', reason: outcome.reason };
      return { job: 'complete', end, level: 'info', message: 'triage_skipped' };
    }
    case 'cancelled': {
      const end: IncidentEnd = { state: 'cancelled', reason: outcome.reason };
      return { job: 'complete', end, level: 'info', message: 'incident cancelled' };
    }
    default:
      return outcome satisfies never;
  }
}

/** The row's fields of an incident that a fallback agent reported on. */
function fallbackFields(agent: string, failures: AgentFailures): Pick<IncidentEnd, 'reason' | 'agent_failures'> {
  return { reason: `fallback to ${agent}: ${describeFailures(failures)}`, agent_failures: failures };
}

/** The row's fields of an incident without a report. */
function causeFields(
  cause: { reason: string } | { failures: AgentFailures },
): { reason: string } & Partial<IncidentEnd> {
  if ('reason' in cause) return { reason: cause.reason };
  return { reason: describeFailures(cause.failures) ?? 'no agent was started', agent_failures: cause.failures };
}
