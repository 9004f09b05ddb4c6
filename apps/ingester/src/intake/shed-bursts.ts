import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';

/** Between two warnings about one burst, ms. A burst ends when nothing was shed for as long. */
const INTERVAL_MS = 10_000;
/** Most incidents that a warning names: all of them have rows. */
const NAMED = 20;

interface Burst {
  cluster: string;
  reason: string;
  /** Since the last warning. */
  shed: number;
  incidents: string[];
}

/**
 * Warns of incidents that a full queue sheds: immediately when a burst begins, then once an interval with their number. A
 * storm sheds thousands a second, and a line for each of them would hide all others.
 */
export class ShedBursts {
  readonly #logger: Logger;
  readonly #bursts = new Map<string, Burst>();
  readonly #loop: BackgroundLoop;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#loop = new BackgroundLoop(async () => this.#report(), {
      interval: Infinity,
      firstRun: 'after_interval',
      onError: (error) => logger.error({ error }, 'shed incidents not reported'),
    });
    this.#loop.start();
  }

  /** @param reason one of few: each has its own bursts */
  add(cluster: string, reason: string, incidents: string[]): void {
    const key = `${cluster} ${reason}`;
    const burst = this.#bursts.get(key);
    if (burst) {
      burst.shed += incidents.length;
      burst.incidents.push(...incidents.slice(0, NAMED - burst.incidents.length));
      return;
    }
    this.#bursts.set(key, { cluster, reason, shed: 0, incidents: [] });
    this.#warn({ cluster, reason, shed: incidents.length, incidents });
    this.#loop.wake(INTERVAL_MS);
  }

  /** Reports what is not reported yet, and ends. */
  async close(): Promise<void> {
    await this.#loop.stop();
    this.#report();
    this.#bursts.clear();
  }

  /** Returns the wait until the next report, ms. */
  #report(): number {
    for (const [key, burst] of this.#bursts) {
      if (burst.shed === 0) {
        this.#bursts.delete(key);
      } else {
        this.#warn(burst);
        Object.assign(burst, { shed: 0, incidents: [] });
      }
    }
    return this.#bursts.size > 0 ? INTERVAL_MS : Infinity;
  }

  #warn({ cluster, reason, shed, incidents }: Burst): void {
    this.#logger.warn({ cluster, reason, shed, incidents: incidents.slice(0, NAMED) }, 'incidents shed by full queue');
  }
}
