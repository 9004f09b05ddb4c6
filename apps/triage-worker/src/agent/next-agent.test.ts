import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import { AGENT_CLIS, type AgentCli } from '@nightcrier/core/settings/config';
import { describe, expect, it, test } from 'vitest';
import { type AgentHistory, type AgentPolicy, nextAgent } from './next-agent.ts';

const POLICY: AgentPolicy = { configured: 'claude', fallback: ['codex', 'gemini', 'builtin'], attemptsLeft: true };
const LAST_ATTEMPT: AgentPolicy = { ...POLICY, attemptsLeft: false };
const NO_BUILTIN: AgentPolicy = { ...POLICY, fallback: ['codex'] };
const NO_FALLBACK: AgentPolicy = { ...POLICY, fallback: [] };

const reason = 'R';
const provider = (agent: AgentCli): AgentFailure => ({ kind: 'provider_failed', agent, reason });
const noReport = (agent: AgentCli): AgentFailure => ({ kind: 'no_report', agent, exit_code: 0, reason });
const unavailable = (agent: AgentCli): AgentFailure => ({ kind: 'unavailable', agent, reason });
const interrupted = (agent: AgentCli): AgentFailure => ({ kind: 'interrupted', agent, reason });
const degraded: AgentFailure = { kind: 'degraded', agent: 'claude', failures: 3, reason };
const exhausted: AgentFailure = { kind: 'attempts_exhausted', agent: 'claude', attempts: 3, reason };
const notRun: AgentFailure = { kind: 'not_run', agent: 'claude', adopted: 'codex' };
const own: AgentFailure[] = [
  noReport('claude'),
  { kind: 'timed_out', agent: 'claude', timeout_seconds: 300 },
  { kind: 'killed', agent: 'claude', reason },
  { kind: 'unusable', agent: 'claude', reason },
];

const RETRY = { kind: 'over', reason: 'retry' };
const UNUSABLE = { kind: 'over', reason: 'unusable' };
const OVER = { kind: 'over', reason: 'no_agent_left' };
const run = (agent: AgentCli, why: string): object => ({ kind: 'run', agent, reason: why });

describe('nextAgent', () => {
  test.each<[string, AgentHistory, AgentPolicy, object]>([
    ['the configured agent first', { failures: [] }, POLICY, run('claude', 'configured')],
    ['an orphaned run before all others', { orphan: 'claude', failures: [] }, POLICY, run('claude', 'orphaned_run')],
    [
      "an orphaned run of a fallback agent, although the configured agent's result is unknown",
      { orphan: 'codex', failures: [notRun] },
      POLICY,
      run('codex', 'orphaned_run'),
    ],
    [
      'the agents after an orphaned run whose provider failed',
      { orphan: 'codex', failures: [notRun, provider('codex')] },
      POLICY,
      run('gemini', 'provider_failed'),
    ],
    [
      'the whole fallback after an orphaned run of an agent that is no longer configured',
      { orphan: 'goose', failures: [provider('goose')] },
      POLICY,
      run('codex', 'provider_failed'),
    ],
    ['the next provider when one fails', { failures: [provider('claude')] }, POLICY, run('codex', 'provider_failed')],
    [
      'the built-in analyser when all providers fail',
      { failures: [provider('claude'), provider('codex'), provider('gemini')] },
      POLICY,
      run('builtin', 'provider_failed'),
    ],
    ['no agent when all providers fail', { failures: [provider('claude'), provider('codex')] }, NO_BUILTIN, OVER],
    ['a retry when the engine is unavailable', { failures: [unavailable('claude')] }, POLICY, RETRY],
    ['a retry when the script was interrupted', { failures: [interrupted('claude')] }, POLICY, RETRY],
    [
      'a retry when an orphaned run was interrupted',
      { orphan: 'codex', failures: [notRun, interrupted('codex')] },
      POLICY,
      RETRY,
    ],
    [
      'a retry at the last attempt too, without a fallback that could report',
      { failures: [unavailable('claude')] },
      { ...NO_BUILTIN, attemptsLeft: false },
      RETRY,
    ],
    ['a retry without fallback', { failures: [unavailable('claude')] }, NO_FALLBACK, RETRY],
    [
      'the built-in analyser when the engine is unavailable at the last attempt',
      { failures: [unavailable('claude')] },
      LAST_ATTEMPT,
      run('builtin', 'last_resort'),
    ],
    [
      'no retry when an agent has failed before',
      { failures: [provider('claude'), unavailable('codex')] },
      POLICY,
      run('builtin', 'last_resort'),
    ],
    [
      'the built-in analyser when attempts are used up',
      { failures: [exhausted] },
      POLICY,
      run('builtin', 'last_resort'),
    ],
    ['the next agent while the first is degraded', { failures: [degraded] }, POLICY, run('codex', 'degraded')],
    [
      'the built-in analyser while agents are degraded, although the fallback does not name it',
      { failures: [degraded] },
      NO_FALLBACK,
      run('builtin', 'degraded'),
    ],
    [
      'the built-in analyser last while agents are degraded, wherever the fallback names it',
      { failures: [degraded, provider('codex')] },
      { ...POLICY, fallback: ['builtin', 'codex'] },
      run('builtin', 'provider_failed'),
    ],
    [
      'no agent before the one that failed',
      { failures: [provider('claude'), provider('gemini')] },
      POLICY,
      run('builtin', 'provider_failed'),
    ],
    ['no agent after the built-in analyser', { failures: [degraded, noReport('builtin')] }, NO_FALLBACK, OVER],
    [
      'not the configured agent again, although the fallback names it',
      { failures: [provider('claude')] },
      { ...POLICY, fallback: ['claude', 'codex'] },
      run('codex', 'provider_failed'),
    ],
  ])('chooses %s', (_, history, policy, decision) => {
    expect(nextAgent(history, policy)).toEqual(decision);
  });

  test.each(own)('spends no second model on an agent that failed by itself: $kind', (failure) => {
    expect(nextAgent({ failures: [failure] }, POLICY)).toEqual(run('builtin', 'last_resort'));
    expect(nextAgent({ failures: [failure] }, NO_BUILTIN)).toEqual(failure.kind === 'unusable' ? UNUSABLE : OVER);
  });

  it('runs no agent twice, whatever fails', () => {
    const fallback = [...AGENT_CLIS, ...AGENT_CLIS];
    const kinds = [provider, noReport, unavailable];
    for (const start of [[], [degraded], [exhausted]]) {
      for (let seed = 0; seed < kinds.length ** AGENT_CLIS.length; seed += 1) {
        const failures: AgentFailure[] = [...start];
        const ran: AgentCli[] = [];
        for (let at = 0; ; at += 1) {
          const decision = nextAgent({ failures }, { configured: 'claude', fallback, attemptsLeft: false });
          if (decision.kind === 'over') break;
          ran.push(decision.agent);
          const fail = kinds[Math.floor(seed / kinds.length ** at) % kinds.length] ?? provider;
          failures.push(fail(decision.agent));
          if (ran.length > AGENT_CLIS.length) break;
        }
        expect(ran).toEqual([...new Set(ran)]);
      }
    }
  });
});
