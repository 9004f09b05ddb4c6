import { parentPort, workerData } from 'node:worker_threads';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { silentLogger } from '@nightcrier/core/logger';
import type { IngesterStatus } from '@nightcrier/state/leases/heartbeat';
import { openHeartbeat } from '@nightcrier/state/leases/open-heartbeat';
import { showConnection } from '@nightcrier/state/leases/show-connection';
import { connectProducer } from '@nightcrier/state/redis/connection';
import { LostConnections } from './lost-connections.ts';
import { SilentIngesters, untilSilence } from './silent-ingesters.ts';
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

/** What the thread reports: that it has renewed the leases, or that other ingesters are silent now. */
export type LeaseThreadMessage = { kind: 'renewed'; blockedFor: number } | { kind: 'silent'; ids: ReadonlySet<string> };

/** After the sign of life of another ingester is over, it is observed within this time, ms. */
const OBSERVED_AFTER_MS = 20;

/**
 * Renews the leases of this ingester while its event loop is blocked, for example by a very large answer that is parsed at
 * once. The file runs in a thread with its own connection to Redis; as long as the loop runs, it only gives a sign of life, shows
 * that the connection is open, and observes the others.
 */
function run({ redis: text, id, length, pulse }: LeaseThreadData): void {
  const settings = settingsInThread(text);
  const redis = connectProducer(settings, silentLogger);
  const heartbeat = openHeartbeat(redis, { key_prefix: settings.key_prefix, id, length });
  const counter = new Int32Array(pulse);
  let held: LeaseThreadState = { tokens: new Map(), status: {} };
  let seen = { count: 0, at: performance.now() };
  let renewedAt = -Infinity;
  parentPort?.on('message', (state: LeaseThreadState) => (held = state));
  const interval = length / 12;
  const silence = new SilentIngesters(id, length);
  const connections = new LostConnections(id);
  let silent: ReadonlySet<string> = new Set();
  const report = (message: LeaseThreadMessage): void => parentPort?.postMessage(message);
  const reportSilent = (ids: ReadonlySet<string>): void => {
    if (sameMembers(ids, silent)) return;
    silent = ids;
    report({ kind: 'silent', ids });
  };
  const loop = new BackgroundLoop(
    async () => {
      const now = performance.now();
      const count = Atomics.load(counter, 0);
      if (count !== seen.count) seen = { count, at: now };
      const blockedFor = now - seen.at;
      if (blockedFor >= LONGEST_BLOCK_MS) return interval;
      const pulses = await heartbeat.pulse(connections.confirmable(now));
      connections.observe(pulses, performance.now());
      reportSilent(silence.observe(pulses));
      if (held.tokens.size > 0 && isRenewalDue({ blockedFor, sinceRenewal: now - renewedAt, length })) {
        await heartbeat.renew(held.tokens, held.status);
        renewedAt = now;
        report({ kind: 'renewed', blockedFor });
      }
      const untilConfirmable = connections.untilConfirmable(performance.now());
      return Math.min(interval, untilSilence(pulses) + OBSERVED_AFTER_MS, untilConfirmable);
    },
    // Redis may be unreachable as well; it is tried again.
    { interval, onError: () => reportSilent(new Set()) },
  );
  loop.start();
  showConnection(redis, settings.key_prefix, id, () => {
    connections.reconnected();
    // Those that observe this ingester may have found its connection closed.
    loop.wake();
  });
}

function sameMembers(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return some.size === others.size && [...some].every((id) => others.has(id));
}

const data: LeaseThreadData = workerData;
run(data);
