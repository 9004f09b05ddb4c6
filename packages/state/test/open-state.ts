import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { auditBooks, type BookPage } from '@nightcrier/core/incidents/books';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import type { Severity } from '@nightcrier/core/faults/severity';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { Admission, type AdmissionSettings } from '../src/admission/admission.ts';
import type { EmbeddedKind } from '../src/embedded-redis.ts';
import { IncidentStore } from '../src/incidents/incidents.ts';
import { IntakeCounters } from '../src/admission/intake-counters.ts';
import { findNativeServer } from '../src/native-redis.ts';
import { connectProducer, disconnect } from '../src/redis/connection.ts';
import { StateKeys } from '../src/redis/keys.ts';
import { openTriageQueue, QUEUE_NAME, type TriageQueue } from '../src/queue/triage-queue.ts';

/** The native server of this machine, if it has one. */
export const nativeKind: EmbeddedKind | undefined = await findNativeServer(undefined, silentLogger);
export const NEEDS_NATIVE = 'needs valkey-server or redis-server on the PATH';

/** A clock that stands still until it is told. */
export class Clock {
  ms = Date.parse('2026-03-01T12:00:00Z');
  readonly now = (): number => this.ms;
}

export interface State extends AsyncDisposable {
  key_prefix: string;
  redis: Redis;
  queue: TriageQueue;
  admission: Admission;
  incidents: IncidentStore;
  intake: IntakeCounters;
}

/** Everything over one connection, under a key prefix of its own unless one is given. */
export async function openState(
  url: string,
  settings: Partial<AdmissionSettings> = {},
  {
    key_prefix = randomUUID(),
    now = Date.now,
    logger = silentLogger,
  }: { key_prefix?: string; now?: () => number; logger?: Logger } = {},
): Promise<State> {
  const redis = connectProducer({ url, key_prefix }, logger);
  await once(redis, 'ready');
  const queue = openTriageQueue(redis, key_prefix, logger);
  await queue.waitUntilReady();
  const bounds: AdmissionSettings = {
    global_queue_size: 1_000,
    cluster_queue_size: 0,
    queue_overflow_policy: 'drop',
    dedup_window_seconds: 300,
    grouping: 'none',
    ...settings,
  };
  return {
    key_prefix,
    redis,
    queue,
    admission: new Admission({ redis, key_prefix, queue, settings: bounds, now }),
    incidents: new IncidentStore({ redis, key_prefix, logger, now }),
    intake: new IntakeCounters({ redis, key_prefix }),
    async [Symbol.asyncDispose]() {
      await queue.close();
      await disconnect(redis);
    },
  };
}

let lastReceived = 0;

/** Now, and later than the one before, so that the order of faults is certain. */
function receivedNow(): string {
  lastReceived = Math.max(lastReceived + 1, Date.now());
  return new Date(lastReceived).toISOString();
}

/** A fault as an ingester would admit it. */
export function fault({
  id = randomUUID(),
  cluster = 'prod',
  severity = 'warning',
  received_at = receivedNow(),
  type = 'CrashLoop',
  pod = 'cart-7d4b9c-abcde',
}: {
  id?: string;
  cluster?: string;
  severity?: Severity;
  received_at?: string;
  type?: string;
  pod?: string;
} = {}): ClusterEvent {
  return {
    cluster_name: cluster,
    labels: { tier: 'one' },
    source: 'subscription',
    received_at,
    event: {
      faultId: id,
      faultType: type,
      severity,
      resource: { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: 'shop' },
      timestamp: received_at,
    },
  };
}

/** How many jobs BullMQ holds that have not started. */
export async function waitingJobs(queue: TriageQueue): Promise<number> {
  return queue.getJobCountByTypes('prioritized', 'waiting', 'delayed');
}

/** A connection as workers use it, to the same Redis. */
export function workerConnection({ redis }: State): Redis {
  return redis.duplicate({ maxRetriesPerRequest: null, enableOfflineQueue: true, commandTimeout: undefined });
}

/** Takes the next job as a worker does, and holds it under the token `token`. Gives its id. */
export async function take(state: State): Promise<string> {
  const connection = workerConnection(state);
  const worker = new Worker(QUEUE_NAME, null, {
    connection,
    prefix: new StateKeys(state.key_prefix).bullmq,
    autorun: false,
  });
  try {
    const job = await worker.getNextJob('token', { block: false });
    return job?.id ?? 'nothing';
  } finally {
    await worker.close();
    await disconnect(connection);
  }
}

/** Fails unless the books balance; gives them. */
export async function balancedBooks(state: State): Promise<BookPage> {
  const { off, total } = auditBooks(await state.intake.read());
  expect(off).toEqual([]);
  return total;
}
