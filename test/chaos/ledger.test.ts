import { Incident } from '@nightcrier/core/incidents/incident';
import { describe, expect, test } from 'vitest';
import { account } from './ledger.ts';
import { laneOf, planActions, redisOf } from './schedule.ts';

const incident = (id: string, state = 'reported'): Incident =>
  Incident.parse({
    incident_id: `incident-${id}`,
    state,
    fingerprint: id,
    cluster_event: {
      cluster_name: 'cluster-0',
      labels: {},
      event: {
        faultId: id,
        faultType: 'CrashLoop',
        severity: 'critical',
        resource: { apiVersion: 'v1', kind: 'Pod', name: id, namespace: 'shop' },
        timestamp: '2026-01-01T00:00:00Z',
      },
      source: 'subscription',
      received_at: '2026-01-01T00:00:00.000Z',
    },
    recurrences: 0,
    first_seen: '2026-01-01T00:00:00Z',
    last_seen: '2026-01-01T00:00:00Z',
    members: [],
    member_count: 1,
    created_at: '2026-01-01T00:00:00Z',
    attempts: 1,
  });
const sent = (id: string, at: number) => ({ id, cluster: 'cluster-0', at });

describe('account', () => {
  test('excuses a fault on a dead event stream that is not noticed yet, though another ingester received one meanwhile', () => {
    const actions = [{ at: 10_000, kind: 'half-open mcp', target: 'cluster-0', duration: 0 } as const];
    const faults = [sent('a', 15_000), sent('b', 20_000), sent('c', 50_000), sent('d', 60_000)];
    const received = [incident('a'), incident('c')];
    expect(account(faults, received, actions).violations).toEqual([
      'fault d of cluster-0, sent at 60000 ms, has no incident',
    ]);
  });

  test('finds a fault without an incident, with two, and one that was never sent', () => {
    const { violations } = account([sent('a', 0), sent('b', 1)], [incident('b'), incident('b'), incident('c')], []);
    expect(violations).toEqual([
      'fault cluster-0 b has 2 incidents',
      'fault cluster-0 c was never sent',
      'fault a of cluster-0, sent at 0 ms, has no incident',
    ]);
  });

  test('finds an incident that is not over, and one that was not reported', () => {
    const { violations } = account(
      [sent('a', 0), sent('b', 0)],
      [incident('a', 'queued'), incident('b', 'failed')],
      [],
    );
    expect(violations).toEqual([
      'incident incident-a is queued at the end',
      'incident incident-b ended as failed: undefined',
    ]);
  });

  test('excuses a loss only while the connection of the cluster was broken', () => {
    const faults = [sent('before', 1_000), sent('lost', 5_100), sent('again', 9_000), sent('after', 12_000)];
    const actions = [{ at: 5_000, kind: 'cut mcp' as const, target: 'cluster-0', duration: 0 }];
    const without = (id: string) => faults.filter((fault) => fault.id !== id).map((fault) => incident(fault.id));
    expect(account(faults, without('lost'), actions)).toMatchObject({ in_flight: 1, violations: [] });
    expect(account(faults, without('before'), actions).violations).toHaveLength(1);
    expect(account(faults, without('after'), actions).violations).toHaveLength(1);
    const elsewhere = [{ ...actions[0]!, target: 'cluster-1' }];
    expect(account(faults, without('lost'), elsewhere).violations).toHaveLength(1);
  });
});

test('excuses a loss on a full disk only if it is counted', () => {
  const faults = [sent('a', 5_100), sent('b', 9_000)];
  const actions = [{ at: 5_000, kind: 'full disk' as const, target: 'disk of ingester-1', duration: 100 }];
  expect(account(faults, [incident('b')], actions, 1).violations).toEqual([]);
  expect(account(faults, [incident('b')], actions, 0).violations).toHaveLength(1);
  expect(account(faults, [incident('a'), incident('b')], [], 1).violations).toEqual(['1 faults are lost']);
});

test('excuses what Redis had written last before the end of its file was lost, also when its connections were dropped since', () => {
  const faults = [sent('a', 23_000), sent('b', 40_000)];
  const truncated = { at: 26_000, kind: 'truncate redis' as const, target: 'redis', duration: 1_000 };
  const dropped = { at: 23_200, kind: 'drop redis' as const, target: 'redis', duration: 0 };
  expect(account(faults, [incident('b')], [truncated]).violations).toHaveLength(1);
  expect(account(faults, [incident('b')], [dropped, truncated]).violations).toEqual([]);
});

test('a seed has either one Redis or sentinels, and only what fits', () => {
  const kinds = (seed: number) => new Set(planActions(seed, 600_000).map(({ kind }) => kind));
  expect(redisOf(3)).toBe('replicated');
  expect(kinds(3)).toContain('promote redis');
  expect(kinds(3)).not.toContain('truncate redis');
  expect(kinds(4)).toContain('truncate redis');
  expect(kinds(4)).not.toContain('promote redis');
});

test('the engine fails only in a run that has one', () => {
  const kinds = (engine: boolean) => new Set(planActions(4, 600_000, { engine }).map(({ kind }) => kind));
  expect(kinds(true)).toContain('kill engine');
  expect(kinds(false)).not.toContain('kill engine');
  expect(kinds(false)).not.toContain('restart engine');
});

describe('planActions', () => {
  test('gives the same plan for the same seed, and another one for another', () => {
    expect(planActions(7, 60_000)).toEqual(planActions(7, 60_000));
    expect(planActions(7, 60_000)).not.toEqual(planActions(8, 60_000));
  });

  test('never acts on one target twice at the same time, and ends with the run', () => {
    const plan = planActions(3, 600_000);
    expect(plan.length).toBeGreaterThan(100);
    const overlaps = [...Map.groupBy(plan, ({ target }) => laneOf(target)).values()].flatMap((actions) =>
      actions.filter((action, at) => (actions[at + 1]?.at ?? Number.POSITIVE_INFINITY) <= action.at + action.duration),
    );
    expect(overlaps).toEqual([]);
    expect(plan.filter(({ at, duration }) => at + duration > 600_000)).toEqual([]);
  });
});
