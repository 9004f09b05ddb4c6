import { expect, it } from 'vitest';
import { readExit, type ScriptResult } from './script-exit.ts';

it.each<[Partial<ScriptResult>, string]>([
  [{ exitCode: 0 }, 'exited'],
  [{ exitCode: 1 }, 'exited'],
  [{ exitCode: 64 }, 'unusable'],
  [{ exitCode: 69 }, 'unavailable'],
  [{ exitCode: 124 }, 'timed_out'],
  [{ exitCode: 126 }, 'unusable'],
  [{ exitCode: 127 }, 'unusable'],
  [{ exitCode: 137 }, 'killed'],
  [{ exitCode: 143 }, 'interrupted'],
  [{ signal: 'SIGKILL' }, 'interrupted'],
  [{ signal: 'SIGKILL', timedOut: true }, 'timed_out'],
  [{ exitCode: 0, timedOut: true }, 'timed_out'],
  [{ code: 'ENOENT' }, 'unusable'],
])('reads %j as %s', (result, kind) => {
  expect(readExit('run-agent.sh', { timedOut: false, ...result }, '').kind).toBe(kind);
});

it('names the script that cannot be run, the error code and the setting to correct', () => {
  expect(readExit('/x/run-agent.sh', { timedOut: false, code: 'EACCES' }, '')).toEqual({
    kind: 'unusable',
    reason: '/x/run-agent.sh cannot be run (EACCES); set agent_script_path to an executable script',
  });
});

it('includes the last line of stderr in the reason', () => {
  expect(readExit('run-agent.sh', { timedOut: false, exitCode: 64 }, 'KEY is not set')).toMatchObject({
    reason: expect.stringContaining('KEY is not set'),
  });
});
