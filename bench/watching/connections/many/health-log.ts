import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const Health = z.object({
  clusters: z.array(z.object({ name: z.string(), status: z.string(), owner: z.string().optional() })),
});
type Health = z.infer<typeof Health>;

/** Between two readings of the health, ms. */
const INTERVAL_MS = 500;

/** Reads the health of all clusters again and again, and knows for how long each was not active. */
export class HealthLog {
  readonly #read: () => Promise<Response>;
  readonly #inactiveSince = new Map<string, number>();
  readonly #everActive = new Set<string>();
  #longest = 0;
  #fell = new Set<string>();
  #reading: Promise<void> | undefined;
  #isStopped = false;
  #latest: Health = { clusters: [] };

  constructor(url: string) {
    this.#read = () => fetch(url);
  }

  /** Begins to read. @returns when the first answer is there */
  async untilReadable(): Promise<void> {
    this.#reading = this.#follow();
    await this.until(() => this.#latest.clusters.length > 0, 'the API answers');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reading;
  }

  get active(): number {
    return this.#latest.clusters.filter(({ status }) => status === 'active').length;
  }

  /** Clusters that an ingester is shown to hold and watch. */
  activeOf(owner: string): number {
    return this.#latest.clusters.filter((one) => one.status === 'active' && one.owner === owner).length;
  }

  get owners(): string[] {
    return [...new Set(this.#latest.clusters.flatMap(({ owner }) => owner ?? []))];
  }

  /** Begins to count anew. */
  reset(): void {
    this.#longest = 0;
    this.#fell = new Set();
  }

  /** Since the last reset: the longest time for which a cluster that had been active was not, and how many were not, ms. */
  result(): { longest: number; fell: number } {
    const now = performance.now();
    const present = [...this.#inactiveSince.values()].map((since) => now - since);
    return { longest: Math.max(this.#longest, ...present, 0), fell: this.#fell.size };
  }

  async until(done: (log: this) => boolean, what: string, seconds = 300): Promise<void> {
    const limit = performance.now() + seconds * 1_000;
    while (!done(this)) {
      if (performance.now() > limit) throw new Error(`timed out: ${what}; ${this.active} clusters are active`);
      await sleep(50);
    }
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      const askedAt = performance.now();
      try {
        const answer = await this.#read();
        if (answer.ok) this.#take(Health.parse(await answer.json()), askedAt);
      } catch {
        // The API may not listen yet.
      }
      await sleep(Math.max(0, askedAt + INTERVAL_MS - performance.now()));
    }
  }

  #take(health: Health, now: number): void {
    this.#latest = health;
    for (const { name, status } of health.clusters) {
      if (status === 'active') {
        const since = this.#inactiveSince.get(name);
        if (since !== undefined) this.#longest = Math.max(this.#longest, now - since);
        this.#inactiveSince.delete(name);
        this.#everActive.add(name);
      } else if (this.#everActive.has(name) && !this.#inactiveSince.has(name)) {
        this.#inactiveSince.set(name, now);
        this.#fell.add(name);
      }
    }
  }
}
