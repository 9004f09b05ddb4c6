import { expect, test } from 'vitest';
import { isWell, ownFailures, type OwnView } from './own-failures.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const minutesAgo = (minutes: number): string => new Date(NOW - minutes * MINUTE).toISOString();
const WELL: OwnView = {
  now: NOW,
  since: NOW - 60 * MINUTE,
  clusters: [{ name: 'prod', status: 'active', last_contact: minutesAgo(0) }],
  ingesters: 1,
  workers: 2,
  agents: { state: 'working', failures_in_row: 0 },
  receivers: [{ target: 'slack-bot' }],
  exhausted: [],
  blindAfter: 5 * MINUTE,
};

test('nothing fails while everything works', () => {
  expect(ownFailures(WELL)).toEqual([]);
});

test.each([
  [
    'a cluster that nobody has seen for blind_after',
    { clusters: [{ name: 'prod', status: 'failed', last_contact: minutesAgo(5) }] },
    ['prod component:cluster'],
  ],
  [
    'a cluster that was seen shortly before',
    { clusters: [{ name: 'prod', status: 'failed', last_contact: minutesAgo(4) }] },
    [],
  ],
  ['a cluster that was never seen', { clusters: [{ name: 'prod', status: 'connecting' }] }, ['prod component:cluster']],
  ['no ingester', { ingesters: 0 }, ['- component:ingester']],
  ['no worker', { workers: 0 }, ['- component:worker']],
  [
    'a receiver that has failed for a while',
    { receivers: [{ target: 'slack-bot', failing_since: NOW - 2 * MINUTE }] },
    ['- component:receiver:slack-bot'],
  ],
  ['a receiver that has just failed', { receivers: [{ target: 'slack-bot', failing_since: NOW }] }, []],
  ['degraded agents', { agents: { state: 'degraded', failures_in_row: 3 } }, ['- component:agents']],
  [
    'budgets that are used up',
    {
      exhausted: [
        { scope: 'day', limit: 'usd' },
        { scope: 'cluster', limit: 'tokens', cluster: 'prod' },
        { scope: 'incident', limit: 'usd', cluster: 'prod', incident_id: 'a' },
      ],
    },
    ['- component:budget', 'prod component:budget', 'prod component:budget:incident'],
  ],
] as const)('%s', (_, changes, failing) => {
  const failures = ownFailures({ ...WELL, ...changes });
  expect(failures.map(({ cluster, key }) => `${cluster} ${key}`)).toEqual(failing);
});

test('a process that has just started waits before it misses the others', () => {
  expect(ownFailures({ ...WELL, since: NOW - 1_000, workers: 0, ingesters: 0 })).toEqual([]);
});

test('one cluster that nobody sees does not stop the heartbeat, and the lack of workers does', () => {
  expect(isWell(ownFailures({ ...WELL, clusters: [{ name: 'prod', status: 'failed' }] }))).toBe(true);
  expect(isWell(ownFailures({ ...WELL, workers: 0 }))).toBe(false);
});
