import { parentPort, workerData } from 'node:worker_threads';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { silentLogger } from '@nightcrier/core/logger';
import type { IngesterStatus } from '@nightcrier/state/leases/cluster-leases';
import { openLeases } from '@nightcrier/state/leases/open-leases';
import { connectProducer } from '@nightcrier/state/redis/connection';
import { z } from 'zod';
import { isRenewalDue, LONGEST_BLOCK_MS } from './stand-in.ts';
import { settingsInThread } from './thread-settings.ts';

/** What the thread is started with. */
export interface LeaseThreadData {
  /** Of `settingsForThread`. */
  redis: string;
  id: string;
  length: number;
  /** Counts up as long as the main thread runs its event loop. */
  pulse: SharedArrayBuffer;
}

/** What the main thread holds, sent when it changes. */
export interface LeaseThreadState {
  tokens: ReadonlyMap<string, number>;
  status: IngesterStatus;
}

/**
 * Renews the leases of this ingester while its event loop is blocked, for example by a very large answer that is parsed at
 * once. The file runs in a thread with its own connection to Redis; as long as the loop runs, it only gives a sign of life.
 */
function run({ redis: text, id, length, pulse }: LeaseThreadData): void {
  const settings = settingsInThread(text);
  const redis = connectProducer(settings, silentLogger);
  const leases = openLeases(redis, { key_prefix: settings.key_prefix, id, length });
  const counter = new Int32Array(pulse);
  let held: LeaseThreadState = { tokens: new Map(), status: {} };
  let seen = { count: 0, at: performance.now() };
  let renewedAt = -Infinity;
  parentPort?.on('message', (state: LeaseThreadState) => (held = state));
  const loop = new BackgroundLoop(
    async () => {
      const now = performance.now();
      const count = Atomics.load(counter, 0);
      if (count !== seen.count) seen = { count, at: now };
      const blockedFor = now - seen.at;
      if (blockedFor < LONGEST_BLOCK_MS) await leases.pulse();
      if (held.tokens.size === 0 || !isRenewalDue({ blockedFor, sinceRenewal: now - renewedAt, length })) return;
      await leases.renew(held.tokens, held.status);
      renewedAt = now;
      parentPort?.postMessage({ blockedFor });
    },
    // Redis may be unreachable as well; it is tried again.
    { interval: length / 12, onError: () => undefined },
  );
  loop.start();
}

run(z.custom<LeaseThreadData>().parse(workerData));
