import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { auditBooks } from '@nightcrier/core/incidents/books';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { fault, openTestState, type TestState, waitingJobs } from './state.fixture.ts';
import { storm } from './storm.ts';

const ADMIT_MANY = fileURLToPath(new URL('fixtures/admit-many.ts', import.meta.url));

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Fails unless the books balance and match what was sent and what the queue holds. */
async function expectBalance(state: TestState, received: number): Promise<void> {
  const { off, total } = auditBooks(await state.intake.read());
  expect(off).toEqual([]);
  expect(total.received).toBe(received);
  expect(total.waiting).toBe(await waitingJobs(state.queue));
  expect((await state.incidents.counts()).queued).toBe(total.waiting);
}

describe.each(['drop', 'reject'] as const)('policy %s', (queue_overflow_policy) => {
  test('holds both bounds exactly with many connections', async () => {
    const settings = { global_queue_size: 40, cluster_queue_size: 15, queue_overflow_policy };
    await using state = await openTestState(server.url, settings);
    const { key_prefix } = state;
    const others = await Promise.all(
      Array.from({ length: 5 }, async () => openTestState(server.url, settings, { key_prefix })),
    );
    await Promise.all(
      others.flatMap(({ admission }) =>
        Array.from({ length: 60 }, async (_, at) => admission.admit(fault({ cluster: `c${at % 4}` }))),
      ),
    );
    expect(await waitingJobs(state.queue)).toBe(40);
    const perCluster = Object.groupBy(await state.queue.getJobs(['prioritized']), ({ data }) => data.cluster_name);
    for (const jobs of Object.values(perCluster)) expect(jobs?.length).toBeLessThanOrEqual(15);
    await expectBalance(state, 300);
    await Promise.all(others.map(async (other) => other[Symbol.asyncDispose]()));
  });

  test('holds a small bound exactly with three processes, and the books balance', async () => {
    const settings = { global_queue_size: 25, cluster_queue_size: 0, queue_overflow_policy };
    const key_prefix = randomUUID();
    await using state = await openTestState(server.url, settings, { key_prefix });
    const input = JSON.stringify({ url: server.url, key_prefix, settings, calls: 1_000 });
    const running = Promise.all(
      [1, 2, 3].map(async () => execa(process.execPath, [ADMIT_MANY, input], { timeout: 50_000 })),
    );
    const finished = new AbortController();
    const observed: number[] = [];
    const observer = (async () => {
      while (!finished.signal.aborted) observed.push(await waitingJobs(state.queue));
    })();
    const outcomes = (await running).map(({ stdout }) => {
      const counts: Record<string, number> = JSON.parse(stdout);
      return counts;
    });
    finished.abort();
    await observer;
    expect(Math.max(...observed)).toBe(25);
    expect(await waitingJobs(state.queue)).toBe(25);
    await expectBalance(state, 3_000);
    const sum = (kind: string): number => outcomes.reduce((total, counts) => total + (counts[kind] ?? 0), 0);
    const { total } = await state.intake.read();
    expect([sum('queued'), sum('rejected'), sum('dropped_incoming')]).toEqual([
      total.queued,
      total.rejected,
      total.dropped_incoming,
    ]);
    // With `drop` the most severe incidents remain; with `reject` no waiting incident is evicted.
    const milder = (await state.queue.getJobs(['prioritized'])).filter(({ data }) => data.severity !== 'critical');
    expect(queue_overflow_policy === 'drop' ? milder.length : total.dropped).toBe(0);
  });

  test('holds the bounds of queue and clusters at any instant while workers take, park and finish', async () => {
    const settings = { global_queue_size: 25, cluster_queue_size: 10, queue_overflow_policy };
    const seen = await storm(server.url, settings, { processes: 3, calls: 1_000, workers: true });
    expect(seen.most_waiting).toBeLessThanOrEqual(25);
    expect(seen.most_waiting_of_a_cluster).toBe(10);
    expect(seen.most_slots).toBe(1);
    expect(seen.off).toEqual([]);
    expect(seen.books).toMatchObject({ received: 3_000, waiting: 0, delayed: 0, active: 0 });
  }, 180_000);
});
