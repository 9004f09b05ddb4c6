import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@nightcrier/core/logger';
import { sameValue } from '@nightcrier/core/same-value';
import type { IngesterStatus } from '@nightcrier/state/leases/heartbeat';
import type { RedisSettings } from '@nightcrier/state/redis/connection';
import type { LeaseThreadData, LeaseThreadMessage, LeaseThreadState } from './lease-thread.ts';
import { settingsForThread } from './thread-settings.ts';

export interface LeaseGuardOptions {
  redis: RedisSettings;
  /** Id of the ingester. */
  id: string;
  /** Of a lease, ms. */
  length: number;
  logger: Logger;
}

const RESTART_MS = 5_000;
/** The thread has next to nothing to remember: by default, its garbage would take more memory than the rest of it. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128 };

/**
 * Keeps a thread that renews the leases while the event loop of this process is blocked, so that a parse of a large answer does
 * not cost it its clusters. What the thread may renew is what the main thread held last. The thread also observes the other ingesters.
 */
export class LeaseGuard {
  /** `silent`: the ingesters that give no sign of life, see `SilentIngesters`. */
  readonly events = new EventEmitter<{ silent: [ids: ReadonlySet<string>] }>();
  readonly #options: LeaseGuardOptions;
  readonly #buffer = new SharedArrayBuffer(4);
  readonly #pulse = new Int32Array(this.#buffer);
  #thread: Worker | undefined;
  #state: LeaseThreadState = { tokens: new Map(), status: {} };
  #timers: NodeJS.Timeout[] = [];
  #isStopped = false;

  constructor(options: LeaseGuardOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#thread || this.#isStopped) return;
    this.#startThread();
    this.#timers.push(setInterval(() => Atomics.add(this.#pulse, 0, 1), this.#options.length / 12).unref());
  }

  /** Notes what this ingester holds, and what it sends with a renewal. */
  update(tokens: ReadonlyMap<string, number>, status: IngesterStatus): void {
    const { tokens: before, status: former } = this.#state;
    const isSame =
      before.size === tokens.size && [...tokens].every(([cluster, token]) => before.get(cluster) === token);
    if (isSame && sameValue(status, former)) return;
    this.#state = { tokens: new Map(tokens), status };
    this.#thread?.postMessage(this.#state);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#thread?.terminate();
  }

  #startThread(): void {
    const { redis, id, length, logger } = this.#options;
    const workerData: LeaseThreadData = { redis: settingsForThread(redis), id, length, pulse: this.#buffer };
    const thread = new Worker(new URL('lease-thread.ts', import.meta.url), { workerData, resourceLimits: LIMITS });
    thread.unref();
    this.#thread = thread;
    thread.postMessage(this.#state);
    let blockedFor = 0;
    thread.on('message', (message: LeaseThreadMessage) => {
      if (message.kind === 'silent') {
        this.events.emit('silent', message.ids);
        return;
      }
      // All arrive together, when the loop runs again.
      if (blockedFor === 0) setImmediate(() => this.#logBlock(blockedFor, () => (blockedFor = 0)));
      ({ blockedFor } = message);
    });
    thread.on('error', (error) => logger.error({ error: String(error) }, 'lease thread failed; restarting'));
    thread.on('exit', () => {
      if (this.#isStopped) return;
      this.events.emit('silent', new Set());
      this.#timers.push(setTimeout(() => !this.#isStopped && this.#startThread(), RESTART_MS).unref());
    });
  }

  #logBlock(blockedFor: number, done: () => void): void {
    this.#options.logger.warn({ blocked_ms: Math.round(blockedFor) }, 'event loop was blocked; leases were renewed');
    done();
  }
}
