import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { auditBooks } from '@nightcrier/core/books';
import { silentLogger } from '@nightcrier/core/logger';
import { DelayedError, Worker } from 'bullmq';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type EmbeddedRedis, startEmbeddedRedis } from '../src/embedded-redis.ts';
import { ClusterSlots } from '../src/cluster-slots.ts';
import { StateKeys } from '../src/keys.ts';
import { disconnect } from '../src/redis.ts';
import { QUEUE_NAME, type TriageJob } from '../src/triage-queue.ts';
import { fault, openState, type State, waitingJobs, workerConnection } from './open-state.ts';

const ADMIT_MANY = fileURLToPath(new URL('fixtures/admit-many.ts', import.meta.url));

let server: EmbeddedRedis;
beforeAll(async () => {
  server = await startEmbeddedRedis({ logger: silentLogger });
});
afterAll(async () => server.stop());

/** The books balance, and say what was received and what the queue holds. */
async function expectBalance(state: State, received: number): Promise<void> {
  const { off, total } = auditBooks(await state.intake.read());
  expect(off).toEqual([]);
  expect(total.received).toBe(received);
  expect(total.waiting).toBe(await waitingJobs(state.queue));
  expect((await state.incidents.counts()).queued).toBe(total.waiting);
}

describe.each(['drop', 'reject'] as const)('policy %s', (queue_overflow_policy) => {
  test('holds both bounds exactly against many connections', async () => {
    const settings = { global_queue_size: 40, cluster_queue_size: 15, queue_overflow_policy };
    await using state = await openState(server.url, settings);
    const { key_prefix } = state;
    const others = await Promise.all(
      Array.from({ length: 5 }, async () => openState(server.url, settings, { key_prefix })),
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

  test('holds a small bound exactly against three processes, and the books balance', async () => {
    const settings = { global_queue_size: 25, cluster_queue_size: 0, queue_overflow_policy };
    const key_prefix = randomUUID();
    await using state = await openState(server.url, settings, { key_prefix });
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
    // Under `drop` the most severe are what is left; under `reject` nothing that waits gives way.
    const milder = (await state.queue.getJobs(['prioritized'])).filter(({ data }) => data.severity !== 'critical');
    expect(queue_overflow_policy === 'drop' ? milder.length : total.dropped).toBe(0);
  });

  test(
    'holds the bounds of queue and clusters at any instant while workers take, park and finish',
    { timeout: 50_000 },
    async () => {
      const settings = { global_queue_size: 25, cluster_queue_size: 10, queue_overflow_policy };
      await using state = await openState(server.url, settings);
      const { key_prefix, incidents, redis } = state;
      const slots = new ClusterSlots({ redis, key_prefix, max_agents_per_cluster: 1, lease: 10_000 });
      const connection = workerConnection(state);
      const worker = new Worker<TriageJob>(
        QUEUE_NAME,
        async ({ data: { incident_id, cluster_name } }, token = '') => {
          if ((await slots.take(cluster_name, incident_id, token)) !== 'taken') throw new DelayedError();
          await incidents.begin(incident_id);
          await sleep(1);
          await incidents.finish(incident_id, { state: 'resolved' });
          await slots.give(cluster_name, incident_id);
        },
        { connection, prefix: new StateKeys(key_prefix).bullmq, concurrency: 6 },
      );
      const input = JSON.stringify({ url: server.url, key_prefix, settings, calls: 1_000 });
      const sending = Promise.all(
        [1, 2, 3].map(async () => execa(process.execPath, [ADMIT_MANY, input], { timeout: 40_000 })),
      );
      const finished = new AbortController();
      const most = { all: 0, cluster: 0, slots: 0 };
      const off: string[] = [];
      const observer = (async () => {
        while (!finished.signal.aborted) {
          const [all, ...clusters] = z.array(z.number()).parse(await redis.eval(COUNT_WAITING, 0, key_prefix));
          most.all = Math.max(most.all, all ?? 0);
          most.cluster = Math.max(most.cluster, ...clusters);
          most.slots = Math.max(most.slots, await redis.zcard(new StateKeys(key_prefix).slots('c0')));
          off.push(...auditBooks(await state.intake.read()).off);
        }
      })();
      await sending;
      await expect.poll(() => waitingJobs(state.queue), { timeout: 20_000 }).toBe(0);
      await expect.poll(() => state.queue.getActiveCount(), { timeout: 20_000 }).toBe(0);
      finished.abort();
      await observer;
      await worker.close();
      await disconnect(connection);
      expect(most.all).toBeLessThanOrEqual(25);
      expect(most.cluster).toBe(10);
      expect(most.slots).toBe(1);
      expect(off).toEqual([]);
      await expectBalance(state, 3_000);
    },
  );
});

/** What waits of all and of each cluster, counted inside Redis at one instant. */
const COUNT_WAITING = `
local bull, ours = '{' .. ARGV[1] .. '}:triage:', '{' .. ARGV[1] .. '}:'
local ids = redis.call('ZRANGE', bull .. 'prioritized', 0, -1)
for _, id in ipairs(redis.call('LRANGE', bull .. 'wait', 0, -1)) do ids[#ids + 1] = id end
for _, id in ipairs(redis.call('ZRANGE', bull .. 'delayed', 0, -1)) do ids[#ids + 1] = id end
local counts = { #ids, 0, 0, 0 }
for _, id in ipairs(ids) do
  local at = string.match(redis.call('HGET', ours .. 'incident:' .. id, 'cluster_name'), '%d') + 2
  counts[at] = counts[at] + 1
end
return counts`;
