import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { AgentBreaker, AgentResult } from '../src/breaker/agent-breaker.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

const PROBE_SECONDS = 3_600;
/** A shorter interval applies at once: the next probe is due. */
const DUE_SECONDS = 0.01;
const failed: AgentResult = {
  kind: 'failed',
  reason: 'the key was refused',
  threshold: 3,
  probeIntervalSeconds: PROBE_SECONDS,
};
const succeeded: AgentResult = { kind: 'succeeded' };
const inconclusive: AgentResult = { kind: 'inconclusive' };

async function degrade(breaker: AgentBreaker): Promise<void> {
  for (const incident of ['a', 'b', 'c']) await breaker.record(incident, failed);
}

/** Has a probe be due, and enters as the probe. */
const probe = (breaker: AgentBreaker, incident: string, lease = 60) =>
  vi.waitFor(
    async () => {
      expect(await breaker.enter(incident, lease, DUE_SECONDS)).toEqual({ kind: 'probe' });
    },
    { timeout: 30_000 },
  );

it('agents become degraded after the threshold of consecutive failures', async () => {
  await using state = await openTestState(server.url);
  const breaker = state.breaker;
  const results = [failed, failed, succeeded, failed, inconclusive, failed];
  for (const result of results) expect(await breaker.record('a', result)).toBe('counted');
  expect(await breaker.read()).toMatchObject({ state: 'working', failures_in_row: 2 });
  expect(await breaker.enter('a', 60, PROBE_SECONDS)).toEqual({ kind: 'agent' });

  expect(await breaker.record('b', failed)).toBe('opened');
  expect(await breaker.record('c', failed)).toBe('counted');
  expect(await breaker.enter('d', 60, PROBE_SECONDS)).toEqual({
    kind: 'degraded',
    failures: 4,
    reason: 'the key was refused',
  });
  expect(await breaker.read()).toMatchObject({ state: 'degraded', failures_in_row: 4, passed_over: 1 });
  expect(await breaker.read()).toMatchObject({ state: 'degraded', reason: 'the key was refused' });
});

it('never degrades with a threshold of 0', async () => {
  await using state = await openTestState(server.url);
  const breaker = state.breaker;
  for (let run = 0; run < 10; run += 1) await breaker.record('a', { ...failed, threshold: 0 });
  expect(await breaker.enter('b', 60, PROBE_SECONDS)).toEqual({ kind: 'agent' });
});

it('one incident at a time is a probe, from the due time on, and a failed probe postpones the next one', async () => {
  await using state = await openTestState(server.url);
  const breaker = state.breaker;
  await degrade(breaker);
  expect(await breaker.enter('d', 60, PROBE_SECONDS)).toMatchObject({ kind: 'degraded' });
  await probe(breaker, 'e');
  expect(await breaker.enter('f', 60, PROBE_SECONDS)).toMatchObject({ kind: 'degraded' });
  // The same incident, after its worker died.
  expect(await breaker.enter('e', 60, PROBE_SECONDS)).toEqual({ kind: 'probe' });
  await breaker.record('e', failed);
  expect(await breaker.enter('f', 60, PROBE_SECONDS)).toMatchObject({ kind: 'degraded' });
  // A stopped probe has no result, and the next incident is the probe.
  await probe(breaker, 'g');
  await breaker.record('g', inconclusive);
  expect(await breaker.enter('h', 60, PROBE_SECONDS)).toEqual({ kind: 'probe' });
});

it('a shorter interval applies to the probe that is scheduled already', async () => {
  await using state = await openTestState(server.url);
  const breaker = state.breaker;
  for (const id of ['a', 'b', 'c']) await breaker.record(id, { ...failed, probeIntervalSeconds: 3600 });
  expect(await breaker.enter('d', 60, 3600)).toMatchObject({ kind: 'degraded' });
  await probe(breaker, 'e');
});

it('a probe whose worker died is replaced by another one after its lease', async () => {
  await using state = await openTestState(server.url);
  const breaker = state.breaker;
  await degrade(breaker);
  await probe(breaker, 'd', 0.05);
  await probe(breaker, 'e');
  expect(await breaker.enter('d', 60, PROBE_SECONDS)).toMatchObject({ kind: 'degraded' });
});

it('agents recover when a probe succeeds', async () => {
  await using state = await openTestState(server.url);
  const breaker = state.breaker;
  await degrade(breaker);
  await breaker.enter('d', 60, PROBE_SECONDS);
  // It started before agents became degraded.
  expect(await breaker.record('old', succeeded)).toBe('counted');
  await probe(breaker, 'e');
  expect(await breaker.record('e', succeeded)).toBe('closed');
  expect(await breaker.record('e', succeeded)).toBe('counted');

  expect(await breaker.enter('f', 60, PROBE_SECONDS)).toEqual({ kind: 'agent' });
  expect(await breaker.read()).toEqual({ state: 'working', failures_in_row: 0 });
});

it('a hundred concurrent failures over ten connections open the breaker once', async () => {
  await using state = await openTestState(server.url);
  const others = await Promise.all(
    Array.from({ length: 10 }, () => openTestState(server.url, {}, { key_prefix: state.key_prefix })),
  );
  const changes = await Promise.all(
    others.flatMap((other) => Array.from({ length: 10 }, async () => other.breaker.record('a', failed))),
  );
  expect(changes.filter((change) => change === 'opened')).toHaveLength(1);
  for (const other of others) await other[Symbol.asyncDispose]();
});

const inCluster = (cluster: string, clusters = 5): AgentResult => ({ ...failed, cluster, clusters });

it('one cluster whose workloads make agents fail does not degrade them for all', async () => {
  await using state = await openTestState(server.url);
  for (let run = 0; run < 10; run += 1) {
    expect(await state.breaker.record(`a${run}`, inCluster('alpha'))).toBe('counted');
  }
  expect(await state.breaker.read()).toMatchObject({ state: 'working', failures_in_row: 10 });
  // Failures that no workload can cause count each.
  expect(await state.breaker.record('b', failed)).toBe('counted');
  expect(await state.breaker.record('c', failed)).toBe('opened');
});

it.each([
  ['as many clusters as the threshold', ['alpha', 'beta', 'gamma'], 5],
  ['all clusters, if they are fewer', ['alpha', 'alpha', 'beta'], 2],
  ['the only one', ['alpha', 'alpha', 'alpha'], 1],
])('agents become degraded when they fail in %s', async (_, names, clusters) => {
  await using state = await openTestState(server.url);
  const results: string[] = [];
  for (const name of names) results.push(await state.breaker.record(name, inCluster(name, clusters)));
  expect(results).toEqual(['counted', 'counted', 'opened']);
});

it('a report in between begins the count of clusters anew', async () => {
  await using state = await openTestState(server.url);
  const { breaker } = state;
  for (const name of ['alpha', 'beta']) await breaker.record(name, inCluster(name));
  await breaker.record('x', succeeded);
  for (const name of ['gamma', 'delta']) expect(await breaker.record(name, inCluster(name))).toBe('counted');
});
