import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { silentLogger } from '@nightcrier/core/logger';
import type { AdmissionSettings } from '@nightcrier/state/admission/admission-settings';
import { openState } from '@nightcrier/state/open-state';
import { startRedisServer } from '../../test/fixtures/redis-server.ts';
import { connectProducer, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import { Queue } from 'bullmq';
import type { Bench } from '../run.ts';
import { quantile, round } from '../figures.ts';

/** Calls in flight, as in the ingester, and jobs in one addBulk. */
const WIDTH = 200;
const EVENTS = 2_000;
const ROUNDS = 7;
const ALONE = 500;
const DEPTHS = { depth_0: 0, depth_1k: 1_000, depth_100k: 100_000 };

/** One way to enqueue events; each lane has its own queue. */
type Lane = (events: ClusterEvent[]) => Promise<void>;

export const bench: Bench = {
  description: "Admission, 200 in flight, against BullMQ's own prioritised add and addBulk of the same 1.3 KB events",
  async measure(progress) {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const server = await startRedisServer({ dataDir });
    const redis = connectProducer({ url: server.url, key_prefix: 'bench' }, silentLogger);
    await once(redis, 'ready');
    // It would slow down the lane that is being measured.
    await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
    try {
      await atDepth(redis, 0);
      progress('warm');
      const at: Record<string, Ratios> = {};
      for (const [name, depth] of Object.entries(DEPTHS)) {
        at[name] = await atDepth(redis, depth);
        progress(`${name} ${JSON.stringify(at[name])}`);
      }
      const all = Object.values(at);
      return {
        ratio_vs_bare_add: Math.min(...all.map(({ ratio_vs_bare_add }) => ratio_vs_bare_add)),
        ratio_vs_bare_addBulk: Math.min(...all.map(({ ratio_vs_bare_addBulk }) => ratio_vs_bare_addBulk)),
        ...(await alone(redis)),
        at,
      };
    } finally {
      await disconnect(redis);
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
};

interface Ratios {
  events_per_s: number;
  ratio_vs_bare_add: number;
  ratio_vs_bare_addBulk: number;
  redis_us_per_event: number;
  /** Redis time of a duplicate, of a rejected fault and of a new problem, relative to that of an admission. */
  duplicate_cost: number;
  reject_cost: number;
  /** Of a fault of a new problem, which is judged, linked and announced; the other events belong to none. */
  problem_cost: number;
}

/** Returns the median of rounds with all lanes in each, so that a slow moment of the machine affects all of them. */
async function atDepth(redis: RedisConnection, depth: number): Promise<Ratios> {
  const lanes = { add: addLane(redis), addBulk: addBulkLane(redis), admission: admissionLane(redis) };
  for (const lane of Object.values(lanes)) await lane(events(depth));
  const rounds: Record<keyof typeof lanes, number>[] = [];
  let redisUs = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const add = await timed(lanes.add, events(EVENTS));
    const addBulk = await timed(lanes.addBulk, events(EVENTS));
    const before = await redisBusy(redis);
    const admission = await timed(lanes.admission, events(EVENTS));
    redisUs += (await redisBusy(redis)) - before;
    rounds.push({ add, addBulk, admission });
  }
  const ratio = (lane: 'add' | 'addBulk'): number =>
    quantile(
      rounds.map((one) => one[lane] / one.admission),
      0.5,
    );
  const perEvent = redisUs / ROUNDS / EVENTS;
  return rounded({
    events_per_s:
      (EVENTS /
        quantile(
          rounds.map(({ admission }) => admission),
          0.5,
        )) *
      1_000,
    ratio_vs_bare_add: ratio('add'),
    ratio_vs_bare_addBulk: ratio('addBulk'),
    redis_us_per_event: perEvent,
    duplicate_cost: (await costOfDuplicates(redis, lanes.admission)) / perEvent,
    reject_cost: (await costOfRejections(redis)) / perEvent,
    problem_cost: (await costOfProblems(redis, lanes.admission)) / perEvent,
  });
}

async function costOfDuplicates(redis: RedisConnection, lane: Lane): Promise<number> {
  const same = events(EVENTS);
  await lane(same);
  const before = await redisBusy(redis);
  await lane(same);
  return ((await redisBusy(redis)) - before) / EVENTS;
}

async function costOfRejections(redis: RedisConnection): Promise<number> {
  const lane = admissionLane(redis, { global_queue_size: 1, queue_overflow_policy: 'reject' });
  await lane(events(1));
  const before = await redisBusy(redis);
  await lane(events(EVENTS));
  return ((await redisBusy(redis)) - before) / EVENTS;
}

async function costOfProblems(redis: RedisConnection, lane: Lane): Promise<number> {
  const faults = events(EVENTS).map((one) => ({ ...one, problem: `shop/Deployment/${one.event.resource.name}` }));
  const before = await redisBusy(redis);
  await lane(faults);
  return ((await redisBusy(redis)) - before) / EVENTS;
}

/** Measures one call at a time: the latency of a single fault. */
async function alone(redis: RedisConnection): Promise<{ redis_us_per_event: number; p50_ms: number; p99_ms: number }> {
  const lane = admissionLane(redis);
  const times: number[] = [];
  const before = await redisBusy(redis);
  for (const event of events(ALONE)) times.push(await timed(lane, [event]));
  const redis_us_per_event = ((await redisBusy(redis)) - before) / ALONE;
  return rounded({ redis_us_per_event, p50_ms: quantile(times, 0.5), p99_ms: quantile(times, 0.99) });
}

function admissionLane(redis: RedisConnection, changes: Partial<AdmissionSettings> = {}): Lane {
  const state = openState(redis, { key_prefix: randomUUID(), logger: silentLogger });
  const settings: AdmissionSettings = {
    global_queue_size: 1_000_000,
    cluster_queue_size: 0,
    queue_overflow_policy: 'drop',
    dedup_window_seconds: 300,
    grouping: 'workload',
    reopen_window: 3_600,
    reinvestigate_after: 21_600,
    storm_threshold: 0,
    ...changes,
  };
  const admission = state.openAdmission(state.openQueue(), settings);
  return (batch) => inFlight(batch, (event) => admission.admit(event, randomUUID()));
}

function addLane(redis: RedisConnection): Lane {
  const queue = bareQueue(redis);
  return (batch) => inFlight(batch, (event) => queue.add('triage', event, { jobId: randomUUID(), priority: 1 }));
}

function addBulkLane(redis: RedisConnection): Lane {
  const queue = bareQueue(redis);
  return async (batch) => {
    for (let from = 0; from < batch.length; from += WIDTH) {
      const jobs = batch.slice(from, from + WIDTH);
      await queue.addBulk(jobs.map((data) => ({ name: 'triage', data, opts: { jobId: randomUUID(), priority: 1 } })));
    }
  };
}

function bareQueue(redis: RedisConnection): Queue<ClusterEvent> {
  return new Queue('bare', { connection: redis, prefix: `{${randomUUID()}}` });
}

async function inFlight(batch: ClusterEvent[], send: (event: ClusterEvent) => Promise<unknown>): Promise<void> {
  const rest = batch.values();
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      for (const event of rest) await send(event);
    }),
  );
}

async function timed(lane: Lane, batch: ClusterEvent[]): Promise<number> {
  const begun = performance.now();
  await lane(batch);
  return performance.now() - begun;
}

/** Returns the CPU time that Redis has used, µs. */
async function redisBusy(redis: RedisConnection): Promise<number> {
  const info = await redis.info('cpu');
  const [user, system] = ['user', 'sys'].map((kind) => {
    const [, seconds = '0'] = new RegExp(`used_cpu_${kind}_main_thread:([\\d.]+)`).exec(info) ?? [];
    return Number(seconds);
  });
  return ((user ?? 0) + (system ?? 0)) * 1_000_000;
}

/** Returns faults of a hundred clusters, each of its own workload, received a millisecond apart. */
function events(count: number): ClusterEvent[] {
  return Array.from({ length: count }, (_, at) => {
    lastReceived = Math.max(lastReceived + 1, Date.now());
    return event(at, new Date(lastReceived).toISOString());
  });
}

let lastReceived = 0;

function event(at: number, received_at: string): ClusterEvent {
  return {
    cluster_name: `cluster-${at % 100}`,
    labels: { region: 'westeu', team: 'payments' },
    kubeconfig: '/etc/nightcrier/kubeconfigs/cluster.yaml',
    source: 'subscription',
    received_at,
    event: {
      faultId: randomUUID(),
      faultType: 'CrashLoop',
      severity: 'critical',
      resource: {
        apiVersion: 'v1',
        kind: 'Pod',
        name: `cart-${randomUUID()}`,
        namespace: 'shop',
        uid: randomUUID(),
      },
      context: `back-off restarting failed container ${'x'.repeat(700)}`,
      timestamp: received_at,
    },
  };
}

function rounded<T extends Record<string, number>>(figures: T): T {
  const entries = Object.entries(figures).map(([name, value]) => [name, round(value)]);
  return Object.fromEntries(entries);
}
