import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import type { TriageJob } from '../src/queue/triage-queue.ts';
import { disconnect } from '../src/redis/connection.ts';
import { balancedBooks, fault, openTestState, type TestState, workerConnection } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Runs every incident to its end, so many at once. */
function work(
  state: TestState,
  concurrency: number,
  milliseconds: number,
  onStart: (cluster: string) => void,
): AsyncDisposable {
  const connection = workerConnection(state);
  const worker = new Worker(
    QUEUE_NAME,
    async ({ data: { incident_id, cluster_name } }: Job<TriageJob>) => {
      await state.incidents.begin(incident_id);
      onStart(cluster_name);
      await sleep(milliseconds);
      await state.incidents.finish(incident_id, { state: 'reported' });
    },
    {
      connection,
      prefix: state.keys.bullmq,
      concurrency,
      removeOnComplete: { count: 0 },
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      await worker.close();
      await disconnect(connection);
    },
  };
}

async function admitMany(state: TestState, clusters: string[]): Promise<void> {
  for (let from = 0; from < clusters.length; from += 250)
    await Promise.all(
      clusters.slice(from, from + 250).map(async (cluster) => state.admission.admit(fault({ cluster }))),
    );
}

test('10,000 faults of one cluster do not delay those of 99 others', { timeout: 180_000 }, async () => {
  await using state = await openTestState(server.url, { global_queue_size: 20_000 });
  await admitMany(
    state,
    Array.from({ length: 10_000 }, () => 'noisy'),
  );
  await admitMany(
    state,
    Array.from({ length: 99 }, (_, at) => `quiet-${at}`),
  );
  const started: string[] = [];
  const worker = work(state, 20, 1, (cluster) => started.push(cluster));
  await expect.poll(() => started.filter((cluster) => cluster !== 'noisy').length, { timeout: 120_000 }).toBe(99);
  await worker[Symbol.asyncDispose]();
  const positions = started.flatMap((cluster, at) => (cluster === 'noisy' ? [] : [at])).toSorted((a, b) => a - b);
  expect(positions[49]).toBeLessThanOrEqual(60);
  expect(await balancedBooks(state)).toMatchObject({ received: 10_099, queued: 10_099, active: 0 });
});

test('under overload, the noisy cluster gets its fair share of the starts', { timeout: 180_000 }, async () => {
  await using state = await openTestState(server.url, { global_queue_size: 20_000 });
  const others = Array.from({ length: 30 }, (_, at) => `other-${at}`);
  // The load of the experiment: the other clusters send 130 % of what is started, so that each always has a waiting incident.
  await admitMany(state, [
    ...Array.from({ length: 300 }, () => 'noisy'),
    ...Array.from({ length: 13 }, () => others).flat(),
  ]);
  const starts = 310;
  const started: string[] = [];
  const worker = work(state, 4, 1, (cluster) => started.push(cluster));
  await expect.poll(() => started.length, { timeout: 120_000 }).toBeGreaterThanOrEqual(starts);
  await worker[Symbol.asyncDispose]();
  const noisy = started.slice(0, starts).filter((cluster) => cluster === 'noisy').length;
  const fairShare = starts / 31;
  expect(Math.abs(noisy - fairShare)).toBeLessThanOrEqual(fairShare * 0.2);
});

test('a severe fault starts before less severe ones, however many its cluster has', async () => {
  await using state = await openTestState(server.url);
  await admitMany(
    state,
    Array.from({ length: 50 }, () => 'noisy'),
  );
  await state.admission.admit(fault({ cluster: 'quiet' }));
  await state.admission.admit(fault({ cluster: 'noisy', severity: 'critical' }));
  const jobs = await state.queue.getJobs(['prioritized'], 0, 2, true);
  expect(jobs.map(({ data }) => [data.cluster_name, data.severity])).toEqual([
    ['noisy', 'critical'],
    ['noisy', 'warning'],
    ['quiet', 'warning'],
  ]);
});
