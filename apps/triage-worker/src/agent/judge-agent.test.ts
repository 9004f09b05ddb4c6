import { expect, it } from 'vitest';
import { judgeAgent } from './judge-agent.ts';
import type { ReportReading } from '../report/read-report.ts';

const summary = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [] };
const valid: ReportReading = { valid: true, markdown: '# T', summary };
const missing: ReportReading = { valid: false, problem: 'investigation.md is not there' };
const RESOLVED = { kind: 'resolved', report: summary, markdown: '# T', agent: 'claude' };

it.each([0, 1])('takes a valid report whatever the agent exited with: %i', (code) => {
  expect(judgeAgent({ kind: 'exited', code, lastLine: '' }, valid, 'claude', 300)).toEqual(RESOLVED);
});

it('does not take an exit code of 0 for a report', () => {
  expect(judgeAgent({ kind: 'exited', code: 0, lastLine: '' }, missing, 'claude', 300)).toEqual({
    kind: 'agent_failed',
    reason: 'claude left no valid report: investigation.md is not there',
    agent: 'claude',
  });
});

it('names exit code and last words of an agent that failed', () => {
  expect(judgeAgent({ kind: 'exited', code: 3, lastLine: 'quota exceeded' }, missing, 'claude', 300)).toMatchObject({
    kind: 'agent_failed',
    reason:
      'claude exited with code 3 (last words: quota exceeded) and left no valid report: investigation.md is not there',
  });
});

it('does not trust a report whose agent was cut off', () => {
  expect(judgeAgent({ kind: 'timed_out' }, valid, 'claude', 300)).toEqual({
    kind: 'agent_failed',
    reason: 'claude timed out after 300 s',
    agent: 'claude',
  });
  expect(judgeAgent({ kind: 'killed', reason: 'out of memory' }, valid, 'claude', 300)).toMatchObject({
    kind: 'agent_failed',
    reason: 'claude was killed: out of memory',
  });
});

it.each([
  ['unavailable', { cause: 'agent_unavailable' }],
  ['interrupted', {}],
] as const)('tries again when the agent was %s', (kind, cause) => {
  expect(judgeAgent({ kind, reason: 'no engine' }, missing, 'claude', 300)).toEqual({
    kind: 'retry',
    reason: 'no engine',
    ...cause,
  });
});

it('does not try again what only a change of the configuration can mend', () => {
  expect(judgeAgent({ kind: 'unusable', reason: 'no script' }, missing, 'claude', 300)).toEqual({
    kind: 'failed',
    reason: 'no script',
  });
});
