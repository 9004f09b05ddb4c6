import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { auditBooks, type BookPage } from '@nightcrier/core/incidents/books';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import type { Severity } from '@nightcrier/core/faults/severity';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Admission } from '../src/admission/admission.ts';
import type { AdmissionSettings } from '../src/admission/admission-settings.ts';
import { openState, type State } from '../src/open-state.ts';
import { connectProducer, disconnect } from '../src/redis/connection.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import type { TriageQueue } from '../src/queue/triage-queue.ts';

/** A clock that only moves when a test sets it. */
export class Clock {
  ms = Date.parse('2026-03-01T12:00:00Z');
  readonly now = (): number => this.ms;
}

/** The settings of admission unless a test changes them. */
export const BOUNDS: AdmissionSettings = {
  global_queue_size: 1_000,
  cluster_queue_size: 0,
  queue_overflow_policy: 'drop',
  dedup_window_seconds: 300,
  grouping: 'none',
  reopen_window: 3_600,
  reinvestigate_after: 21_600,
  storm_threshold: 10,
};

export interface TestState extends State, AsyncDisposable {
  key_prefix: string;
  queue: TriageQueue;
  admission: Admission;
}

/** Opens the state over a connection of its own, under a new key prefix unless one is given. */
export async function openTestState(
  url: string,
  settings: Partial<AdmissionSettings> = {},
  {
    key_prefix = randomUUID(),
    now = Date.now,
    logger = silentLogger,
  }: { key_prefix?: string; now?: () => number; logger?: Logger } = {},
): Promise<TestState> {
  const redis = connectProducer({ url, key_prefix }, logger);
  await once(redis, 'ready');
  const state = openState(redis, { key_prefix, logger, now });
  const queue = state.openQueue();
  await queue.waitUntilReady();
  return {
    ...state,
    key_prefix,
    queue,
    admission: state.openAdmission(queue, { ...BOUNDS, ...settings }),
    async [Symbol.asyncDispose]() {
      await queue.close();
      await disconnect(redis);
    },
  };
}

let lastReceived = 0;

/** Returns the current time, and always a later one, so that faults have an order. */
function receivedNow(): string {
  lastReceived = Math.max(lastReceived + 1, Date.now());
  return new Date(lastReceived).toISOString();
}

/** Returns a fault as an ingester admits it. */
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

/** Returns the number of jobs that have not started. */
export async function waitingJobs(queue: TriageQueue): Promise<number> {
  return queue.getJobCountByTypes('prioritized', 'waiting', 'delayed');
}

/** Opens a worker connection to the same Redis. */
export function workerConnection({ redis }: TestState): Redis {
  return redis.duplicate({ maxRetriesPerRequest: null, enableOfflineQueue: true, commandTimeout: undefined });
}

/** Takes the next job as a worker does and holds it with the token. Returns its id. */
export async function take(state: TestState, token = 'token'): Promise<string> {
  const connection = workerConnection(state);
  const worker = new Worker(QUEUE_NAME, null, {
    connection,
    prefix: state.keys.bullmq,
    autorun: false,
  });
  try {
    const job = await worker.getNextJob(token, { block: false });
    return job?.id ?? 'nothing';
  } finally {
    await worker.close();
    await disconnect(connection);
  }
}

/** Returns the books; fails unless they balance. */
export async function balancedBooks(state: TestState): Promise<BookPage> {
  const { off, total } = auditBooks(await state.intake.read());
  expect(off).toEqual([]);
  return total;
}
