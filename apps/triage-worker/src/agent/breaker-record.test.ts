import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { expect, test } from 'vitest';
import { breakerResultOf } from './breaker-record.ts';

const clusters = ['alpha', 'beta'].map((name) =>
  ClusterConfig.parse({ name, mcp: { endpoint: 'http://mcp' }, triage: { enabled: true, kubeconfig: '/kube' } }),
);
const CONFIG = {
  agent_cli: 'claude' as const,
  failure_threshold_for_alert: 3,
  breaker_probe_interval: 60,
  clusters,
};
const report = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [] };
const reason = 'R';
const resolvedBy = (agent: string, ...failures: AgentFailure[]): TriageOutcome => ({
  kind: 'reported',
  report,
  markdown: '# T',
  agent,
  failures,
});
const failedWith = (text: string): object => ({
  kind: 'failed',
  reason: text,
  threshold: 3,
  probeIntervalSeconds: 60,
  clusters: 2,
});

test.each<[string, TriageOutcome, object]>([
  ['its report', resolvedBy('claude'), { kind: 'succeeded' }],
  [
    'its failure, although a fallback agent reported',
    resolvedBy('codex', { kind: 'provider_failed', agent: 'claude', reason }),
    failedWith('claude: R'),
  ],
  [
    'its failure and no other one',
    {
      kind: 'agent_failed',
      agent: 'codex',
      failures: [
        { kind: 'timed_out', agent: 'claude', timeout_seconds: 1 },
        { kind: 'provider_failed', agent: 'codex', reason },
      ],
    },
    { ...failedWith('claude timed out after 1 s'), cluster: 'alpha' },
  ],
  [
    'an agent that could not be started',
    { kind: 'retry', failures: [{ kind: 'unavailable', agent: 'claude', reason }] },
    failedWith('claude: R'),
  ],
  [
    'an agent that cannot run with this configuration',
    { kind: 'failed', failures: [{ kind: 'unusable', agent: 'claude', reason }] },
    failedWith('claude: R'),
  ],
])('records %s', (_, outcome, result) => {
  expect(breakerResultOf(outcome, CONFIG, 'alpha')).toEqual(result);
});

test.each<[string, TriageOutcome]>([
  ['was stopped by a signal', resolvedBy('builtin', { kind: 'interrupted', agent: 'claude', reason })],
  ['was not started while degraded', resolvedBy('builtin', { kind: 'degraded', agent: 'claude', failures: 3, reason })],
  [
    'was not started after the last attempt',
    resolvedBy('builtin', { kind: 'attempts_exhausted', agent: 'claude', attempts: 3, reason }),
  ],
  [
    'was not run because the adopted run is of another agent',
    resolvedBy('codex', { kind: 'not_run', agent: 'claude', adopted: 'codex' }),
  ],
  ['has no part in the failure', { kind: 'retry', reason: 'the cluster is unreachable' }],
  ['was stopped by a shutdown', { kind: 'requeue', reason: 'the worker shuts down' }],
])('records nothing of an agent that %s', (_, outcome) => {
  expect(breakerResultOf(outcome, CONFIG, 'alpha')).toEqual({ kind: 'inconclusive' });
});
