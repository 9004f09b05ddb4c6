import { WorkerIsolation } from '@nightcrier/core/gateway/isolation';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateContext } from '../redis/state-context.ts';

/** A worker that has not reported for this long counts as gone, in ms. */
const SILENT_MS = 180_000;

const Report = z.object({
  /** Milliseconds since the epoch. */
  reported_at: z.number(),
  isolation: WorkerIsolation,
});

/** What workers have found out about the isolation of their agents: each writes its own, the API reads it. */
export class IsolationBoard {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#key = keys.isolation;
    this.#now = now;
  }

  /** Replaces the report of a worker, and forgets those of workers that are gone. To be repeated every minute. */
  async publish(isolation: WorkerIsolation): Promise<void> {
    await this.#redis.hset(this.#key, isolation.worker, JSON.stringify({ reported_at: this.#now(), isolation }));
    const gone = (await this.#rows()).filter(({ report }) => !report).map(({ worker }) => worker);
    if (gone.length > 0) await this.#redis.hdel(this.#key, ...gone);
  }

  /** Forgets a worker that stops. */
  async remove(worker: string): Promise<void> {
    await this.#redis.hdel(this.#key, worker);
  }

  /** Returns the reports of live workers, by name. Writes nothing. */
  async read(): Promise<WorkerIsolation[]> {
    return (await this.#rows())
      .flatMap(({ report }) => report ?? [])
      .toSorted((one, other) => one.worker.localeCompare(other.worker));
  }

  /** `report` is missing where it is old or unreadable. */
  async #rows(): Promise<{ worker: string; report: WorkerIsolation | undefined }[]> {
    const rows = await ifReadable(this.#redis.hgetall(this.#key), {});
    return Object.entries(rows).map(([worker, text]) => {
      const report = Report.safeParse(parsed(text)).data;
      const isFresh = report !== undefined && this.#now() - report.reported_at <= SILENT_MS;
      return { worker, report: isFresh ? report.isolation : undefined };
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
