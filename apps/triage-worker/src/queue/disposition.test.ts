import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { expect, it } from 'vitest';
import { dispositionOf, type RetryPolicy } from './disposition.ts';

const retry: RetryPolicy = { maxAttempts: 3, initial: 1000, max: 60_000, random: () => 0.5 };
const quiet = { notify_on_agent_failure: false };
const failures: AgentFailure[] = [{ kind: 'timed_out', agent: 'claude', timeout_seconds: 300 }];
const report = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [] };

it.each<[TriageOutcome, object]>([
  [
    { kind: 'reported', report, markdown: '# T', agent: 'claude', failures: [] },
    { job: 'complete', end: { state: 'reported', report, agent: 'claude' }, markdown: '# T', level: 'info' },
  ],
  [
    { kind: 'reported', report, markdown: '# T', agent: 'codex', failures },
    {
      job: 'complete',
      end: { agent: 'codex', reason: 'fallback to codex: claude timed out after 300 s', agent_failures: failures },
    },
  ],
  [
    { kind: 'agent_failed', agent: 'claude', failures },
    {
      job: 'fail',
      end: { state: 'agent_failed', reason: 'claude timed out after 300 s', agent_failures: failures, agent: 'claude' },
      level: 'warn',
    },
  ],
  [
    { kind: 'failed', reason: 'no file' },
    { job: 'fail', end: { state: 'failed', reason: 'no file' }, level: 'error' },
  ],
  [
    { kind: 'failed', failures },
    { job: 'fail', end: { state: 'failed', reason: 'claude timed out after 300 s', agent_failures: failures } },
  ],
  [
    { kind: 'retry', reason: 'unreachable' },
    { job: 'delay', milliseconds: 1000, reason: 'unreachable', attemptCounts: true },
  ],
  [
    { kind: 'retry', failures },
    { job: 'delay', milliseconds: 1000, reason: 'claude timed out after 300 s', attemptCounts: true },
  ],
  [
    { kind: 'requeue', reason: 'stop' },
    { job: 'delay', milliseconds: 1, reason: 'stop', attemptCounts: false },
  ],
  [
    { kind: 'requeue', reason: 'throttled', delay: 40_000 },
    { job: 'delay', milliseconds: 40_000, reason: 'throttled', attemptCounts: false },
  ],
  [
    { kind: 'skipped', reason: 'disabled' },
    { job: 'complete', end: { state: 'skipped', reason: 'disabled' }, message: 'triage_skipped' },
  ],
  [
    { kind: 'cancelled', reason: 'by alice' },
    { job: 'complete', end: { state: 'cancelled', reason: 'by alice' }, level: 'info' },
  ],
])('maps %j to job and row', (outcome, expected) => {
  expect(dispositionOf(outcome, 1, retry, quiet)).toMatchObject(expected);
});

it('delays each further attempt longer', () => {
  const delays = [1, 2].map((attempts) =>
    dispositionOf({ kind: 'retry', reason: 'unreachable' }, attempts, retry, quiet),
  );
  expect(delays).toMatchObject([{ milliseconds: 1000 }, { milliseconds: 2000 }]);
});

it('fails after the last attempt and keeps the cause', () => {
  expect(dispositionOf({ kind: 'retry', reason: 'the cluster is unreachable' }, 3, retry, quiet)).toMatchObject({
    job: 'fail',
    end: { state: 'failed', reason: 'gave up after 3 attempts: the cluster is unreachable' },
  });
});

it('requeues without limit: a shutdown uses up no attempt', () => {
  expect(dispositionOf({ kind: 'requeue', reason: 'stop' }, 99, retry, quiet)).toMatchObject({ job: 'delay' });
});

it.each<[TriageOutcome, string | undefined, string | undefined]>([
  [
    { kind: 'reported', report, markdown: '# T', agent: 'claude', failures: [] },
    'incident_resolved',
    'incident_resolved',
  ],
  [{ kind: 'agent_failed', agent: 'claude', failures }, undefined, 'incident_agent_failed'],
  [{ kind: 'failed', reason: 'no file' }, 'incident_failed', 'incident_failed'],
  [{ kind: 'retry', reason: 'unreachable' }, 'incident_failed', 'incident_failed'],
  [{ kind: 'requeue', reason: 'stop' }, undefined, undefined],
  [{ kind: 'expired', reason: 'old' }, undefined, undefined],
  [{ kind: 'skipped', reason: 'disabled' }, undefined, undefined],
  [{ kind: 'cancelled', reason: 'by alice' }, undefined, undefined],
])('notifies of %j', (outcome, quietly, loudly) => {
  const notified = (notify_on_agent_failure: boolean): unknown => {
    const disposition = dispositionOf(outcome, 3, retry, { notify_on_agent_failure });
    return 'end' in disposition ? disposition.end.notify : undefined;
  };
  expect([notified(false), notified(true)]).toEqual([quietly, loudly]);
});
