import type { Logger } from '@nightcrier/core/logger';

/** A burst is over when nothing was shed for so long; a longer one is said again at this interval. Milliseconds. */
const INTERVAL = 10_000;
/** Most incidents that are named: all of them have rows. */
const NAMED = 20;

interface Burst {
  shed: number;
  incidents: string[];
  timer: NodeJS.Timeout;
}

/**
 * Warns of incidents that a full queue sheds: at once when a burst begins, then once an interval with how many there
 * were. A storm sheds thousands a second, and a line for each of them would hide all others.
 */
export class ShedBursts {
  readonly #logger: Logger;
  readonly #bursts = new Map<string, Burst>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param reason why they were shed: few, because each has bursts of its own */
  add(cluster: string, reason: string, incidents: string[]): void {
    const key = `${cluster} ${reason}`;
    const burst = this.#bursts.get(key);
    if (burst) {
      burst.shed += incidents.length;
      burst.incidents.push(...incidents.slice(0, NAMED - burst.incidents.length));
      return;
    }
    this.#warn(cluster, reason, incidents.length, incidents);
    const timer = setInterval(() => this.#said(key, cluster, reason), INTERVAL);
    this.#bursts.set(key, { shed: 0, incidents: [], timer });
  }

  /** Says what is left, and forgets the bursts. */
  close(): void {
    for (const [key, { timer }] of this.#bursts) {
      const [cluster = '', ...reason] = key.split(' ');
      this.#said(key, cluster, reason.join(' '));
      clearInterval(timer);
    }
    this.#bursts.clear();
  }

  #said(key: string, cluster: string, reason: string): void {
    const burst = this.#bursts.get(key);
    if (!burst) return;
    if (burst.shed > 0) {
      this.#warn(cluster, reason, burst.shed, burst.incidents);
      Object.assign(burst, { shed: 0, incidents: [] });
      return;
    }
    clearInterval(burst.timer);
    this.#bursts.delete(key);
  }

  #warn(cluster: string, reason: string, shed: number, incidents: string[]): void {
    this.#logger.warn({ cluster, reason, shed, incidents: incidents.slice(0, NAMED) }, 'incidents were shed');
  }
}
