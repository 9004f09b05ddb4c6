import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { auditBooks, type BookPage } from '@nightcrier/core/incidents/books';
import { DelayedError, type Job, Worker } from 'bullmq';
import { execa } from 'execa';
import { z } from 'zod';
import type { AdmissionSettings } from '../src/admission/admission-settings.ts';
import { disconnect } from '../src/redis/connection.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import type { TriageJob } from '../src/queue/triage-queue.ts';
import { openTestState, type TestState, waitingJobs, workerConnection } from './state.fixture.ts';

const ADMIT_MANY = fileURLToPath(new URL('fixtures/admit-many.ts', import.meta.url));

export interface Storm {
  /** Maximum of waiting incidents at one instant, of all and of one cluster, counted in Redis. */
  most_waiting: number;
  most_waiting_of_a_cluster: number;
  /** Maximum of slots of one cluster that were held at once. */
  most_slots: number;
  /** Number of samples. */
  samples: number;
  /** Imbalances of the books in all samples. */
  off: string[];
  books: BookPage;
  seconds: number;
}

/** Admits faults of three clusters from several processes with 32 calls in flight each, and samples what waits. */
export async function storm(
  url: string,
  settings: Partial<AdmissionSettings>,
  { processes, calls, workers }: { processes: number; calls: number; workers: boolean },
): Promise<Storm> {
  const key_prefix = randomUUID();
  await using state = await openTestState(url, settings, { key_prefix });
  const worker = workers ? investigate(state) : undefined;
  const ended = new AbortController();
  const watching = watch(state, ended.signal);
  const begun = performance.now();
  const input = JSON.stringify({ url, key_prefix, settings, calls });
  await Promise.all(
    Array.from({ length: processes }, async () => execa(process.execPath, [ADMIT_MANY, input], { timeout: 300_000 })),
  );
  const seconds = Math.round((performance.now() - begun) / 10) / 100;
  if (worker) await idle(state);
  ended.abort();
  const seen = await watching;
  await worker?.stop();
  const { off, total } = auditBooks(await state.intake.read());
  return { ...seen, off: [...seen.off, ...off], books: total, seconds };
}

async function idle({ queue }: TestState): Promise<void> {
  while ((await waitingJobs(queue)) + (await queue.getActiveCount()) > 0) await sleep(20);
}

/** Starts a worker that investigates six incidents at once, of each cluster one at a time, for a millisecond each. */
function investigate(state: TestState): { stop(): Promise<void> } {
  const { incidents } = state;
  const slots = state.openSlots({ max_agents_per_cluster: 1, lease: 10_000 });
  const connection = workerConnection(state);
  const process = async ({ data: { incident_id, cluster_name } }: Job<TriageJob>, token = ''): Promise<void> => {
    if ((await slots.take(cluster_name, incident_id, token)) !== 'taken') throw new DelayedError();
    await incidents.begin(incident_id);
    await sleep(1);
    await incidents.finish(incident_id, { state: 'reported' });
    await slots.give(cluster_name, incident_id, token);
  };
  const prefix = state.keys.bullmq;
  const worker = new Worker<TriageJob>(QUEUE_NAME, process, { connection, prefix, concurrency: 6 });
  return {
    async stop() {
      await worker.close();
      await disconnect(connection);
    },
  };
}

async function watch({ redis, key_prefix, intake }: TestState, ended: AbortSignal) {
  const seen = { most_waiting: 0, most_waiting_of_a_cluster: 0, most_slots: 0, samples: 0, off: new Array<string>() };
  while (!ended.aborted) {
    const counted = await redis.eval(COUNT_WAITING, 0, key_prefix);
    const [all, slots, ...clusters] = z.tuple([z.number(), z.number()], z.number()).parse(counted);
    seen.most_waiting = Math.max(seen.most_waiting, all);
    seen.most_waiting_of_a_cluster = Math.max(seen.most_waiting_of_a_cluster, ...clusters);
    seen.most_slots = Math.max(seen.most_slots, slots);
    seen.samples += 1;
    seen.off.push(...auditBooks(await intake.read()).off);
  }
  return seen;
}

/** Counts at one instant: waiting incidents, slots of the first cluster, waiting incidents of each cluster. */
const COUNT_WAITING = `
local bull, ours = '{' .. ARGV[1] .. '}:triage:', '{' .. ARGV[1] .. '}:'
local ids = redis.call('ZRANGE', bull .. 'prioritized', 0, -1)
for _, id in ipairs(redis.call('LRANGE', bull .. 'wait', 0, -1)) do ids[#ids + 1] = id end
for _, id in ipairs(redis.call('ZRANGE', bull .. 'delayed', 0, -1)) do ids[#ids + 1] = id end
local counts = { #ids, redis.call('ZCARD', ours .. 'slots:c0'), 0, 0, 0 }
for _, id in ipairs(ids) do
  local at = string.match(redis.call('HGET', ours .. 'incident:' .. id, 'cluster_name'), '%d') + 3
  counts[at] = counts[at] + 1
end
return counts`;
