import type { AgentExit } from '../agent-runtime.ts';
import { expect, it } from 'vitest';
import type { ReportReading } from '../report/read-report.ts';
import { type AgentRunEnd, judgeAgent } from './judge-agent.ts';

const summary = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [] };
const valid: ReportReading = { valid: true, markdown: '# T', summary };
const missing: ReportReading = { valid: false, problem: 'investigation.md is not there' };

const judge = (exit: AgentExit, end: Partial<AgentRunEnd> = {}): object =>
  judgeAgent({ agent: 'claude', exit, report: missing, providerError: undefined, timeoutSeconds: 300, ...end });

it.each([0, 1])('accepts a valid report with any exit code: %i', (code) => {
  const reported = { kind: 'reported', report: summary, markdown: '# T' };
  expect(judge({ kind: 'exited', code, lastLine: '' }, { report: valid })).toEqual(reported);
  expect(judge({ kind: 'exited', code, lastLine: '' }, { report: valid, providerError: '429' })).toEqual(reported);
});

it('does not accept exit code 0 in place of a report', () => {
  expect(judge({ kind: 'exited', code: 0, lastLine: '' })).toEqual({
    kind: 'no_report',
    agent: 'claude',
    exit_code: 0,
    reason: 'investigation.md is not there',
  });
});

it('keeps exit code and last line of stderr', () => {
  expect(judge({ kind: 'exited', code: 3, lastLine: 'quota exceeded' })).toMatchObject({
    kind: 'no_report',
    exit_code: 3,
    stderr: 'quota exceeded',
  });
});

it.each<[AgentExit, object]>([
  [{ kind: 'timed_out' }, { kind: 'timed_out', agent: 'claude', timeout_seconds: 300 }],
  [
    { kind: 'killed', reason: 'out of memory' },
    { kind: 'killed', agent: 'claude', reason: 'out of memory' },
  ],
  [
    { kind: 'killed', reason: '' },
    { kind: 'killed', agent: 'claude', reason: 'its container was killed' },
  ],
])('does not accept the report of an agent that was cut off: %j', (exit, failure) => {
  expect(judge(exit, { report: valid })).toEqual(failure);
});

it.each<AgentExit>([{ kind: 'exited', code: 1, lastLine: '' }, { kind: 'timed_out' }, { kind: 'killed', reason: '' }])(
  'names the error of the provider as the cause: %j',
  (exit) => {
    expect(judge(exit, { providerError: 'API Error: 401' })).toEqual({
      kind: 'provider_failed',
      agent: 'claude',
      reason: 'API Error: 401',
    });
  },
);

it.each(['unavailable', 'interrupted', 'unusable'] as const)(
  'keeps the cause of an agent that was %s, whatever its stream says',
  (kind) => {
    expect(judge({ kind, reason: 'no engine' }, { report: valid, providerError: '429' })).toEqual({
      kind,
      agent: 'claude',
      reason: 'no engine',
    });
  },
);
