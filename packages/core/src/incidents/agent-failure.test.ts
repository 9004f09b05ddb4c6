import { expect, test } from 'vitest';
import { type AgentFailure, describeFailure, describeFailures } from './agent-failure.ts';

const agent = 'claude';
const reason = 'R';

test.each<[AgentFailure, string]>([
  [{ kind: 'no_report', agent, exit_code: 0, reason }, 'claude left no valid report: R'],
  [{ kind: 'no_report', agent, exit_code: 3, reason }, 'claude exited with code 3 and left no valid report: R'],
  [
    { kind: 'no_report', agent, exit_code: 3, stderr: 'quota exceeded', reason },
    'claude exited with code 3 (stderr: quota exceeded) and left no valid report: R',
  ],
  [{ kind: 'timed_out', agent, timeout_seconds: 300 }, 'claude timed out after 300 s'],
  [{ kind: 'killed', agent, reason }, 'claude was killed: R'],
  [{ kind: 'provider_failed', agent, reason }, 'claude: R'],
  [{ kind: 'unavailable', agent, reason }, 'claude: R'],
  [{ kind: 'interrupted', agent, reason }, 'claude: R'],
  [{ kind: 'unusable', agent, reason }, 'claude: R'],
  [{ kind: 'degraded', agent, failures: 1, reason }, 'claude is degraded after 1 failure, the last one: R'],
  [{ kind: 'degraded', agent, failures: 3, reason }, 'claude is degraded after 3 failures, the last one: R'],
  [{ kind: 'attempts_exhausted', agent, attempts: 2, reason }, 'gave up after 2 attempts: R'],
  [{ kind: 'not_run', agent, adopted: 'codex' }, 'claude was not run: the adopted run is by codex'],
])('describes %j', (failure, text) => {
  expect(describeFailure(failure)).toBe(text);
});

test('describes several failures in their order', () => {
  const timedOut: AgentFailure = { kind: 'timed_out', agent, timeout_seconds: 1 };
  expect(describeFailures([timedOut, { kind: 'provider_failed', agent: 'codex', reason }])).toBe(
    'claude timed out after 1 s; codex: R',
  );
  expect(describeFailures([])).toBeUndefined();
});
