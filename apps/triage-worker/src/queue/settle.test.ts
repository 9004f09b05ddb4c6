import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { expect, it } from 'vitest';
import type { RetryPolicy } from './retry-delay.ts';
import { dispositionOf } from './settle.ts';

const retry: RetryPolicy = { maxAttempts: 3, initial: 1000, max: 60_000, random: () => 0.5 };
const quiet = { notify_on_agent_failure: false };
const report = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [] };

it.each<[TriageOutcome, object]>([
  [
    { kind: 'resolved', report, markdown: '# T', agent: 'claude' },
    { job: 'complete', end: { state: 'resolved', report, agent: 'claude' }, markdown: '# T', level: 'info' },
  ],
  [
    { kind: 'agent_failed', reason: 'no report', agent: 'claude' },
    { job: 'fail', end: { state: 'agent_failed', reason: 'no report', agent: 'claude' }, level: 'warn' },
  ],
  [
    { kind: 'failed', reason: 'no file' },
    { job: 'fail', end: { state: 'failed', reason: 'no file' }, level: 'error' },
  ],
  [
    { kind: 'retry', reason: 'away' },
    { job: 'delay', milliseconds: 1000, reason: 'away', attemptCounts: true },
  ],
  [
    { kind: 'requeue', reason: 'stop' },
    { job: 'delay', milliseconds: 1, reason: 'stop', attemptCounts: false },
  ],
  [
    { kind: 'skipped', reason: 'disabled' },
    { job: 'complete', end: { state: 'skipped', reason: 'disabled' }, message: 'triage_skipped' },
  ],
  [
    { kind: 'cancelled', reason: 'by alice' },
    { job: 'complete', end: { state: 'cancelled', reason: 'by alice' }, level: 'info' },
  ],
])('knows what becomes of %j', (outcome, expected) => {
  expect(dispositionOf(outcome, 1, retry, quiet)).toMatchObject(expected);
});

it('waits longer before each further attempt', () => {
  const delays = [1, 2].map((attempts) => dispositionOf({ kind: 'retry', reason: 'away' }, attempts, retry, quiet));
  expect(delays).toMatchObject([{ milliseconds: 1000 }, { milliseconds: 2000 }]);
});

it('gives up after the last attempt and says why', () => {
  expect(dispositionOf({ kind: 'retry', reason: 'the cluster is away' }, 3, retry, quiet)).toMatchObject({
    job: 'fail',
    end: { state: 'failed', reason: 'gave up after 3 attempts: the cluster is away' },
  });
});

it('hands back without end: a shutdown uses up no attempt', () => {
  expect(dispositionOf({ kind: 'requeue', reason: 'stop' }, 99, retry, quiet)).toMatchObject({ job: 'delay' });
});

it.each<[TriageOutcome, string | undefined, string | undefined]>([
  [{ kind: 'resolved', report, markdown: '# T', agent: 'claude' }, 'incident_resolved', 'incident_resolved'],
  [{ kind: 'agent_failed', reason: 'no report', agent: 'claude' }, undefined, 'incident_agent_failed'],
  [{ kind: 'failed', reason: 'no file' }, 'incident_failed', 'incident_failed'],
  [{ kind: 'retry', reason: 'away' }, 'incident_failed', 'incident_failed'],
  [{ kind: 'requeue', reason: 'stop' }, undefined, undefined],
  [{ kind: 'expired', reason: 'old' }, undefined, undefined],
  [{ kind: 'skipped', reason: 'disabled' }, undefined, undefined],
  [{ kind: 'cancelled', reason: 'by alice' }, undefined, undefined],
])('knows who is told of %j', (outcome, quietly, loudly) => {
  const told = (notify_on_agent_failure: boolean): unknown => {
    const disposition = dispositionOf(outcome, 3, retry, { notify_on_agent_failure });
    return 'end' in disposition ? disposition.end.notify : undefined;
  };
  expect([told(false), told(true)]).toEqual([quietly, loudly]);
});
