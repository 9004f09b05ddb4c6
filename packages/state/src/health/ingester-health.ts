import { IngesterHealth } from '@nightcrier/core/clusters/ingester-health';
import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { HEALTH_STALE_MS } from './cluster-health.ts';
import type { StateContext } from '../redis/state-context.ts';

const IngesterReport = z.object({
  /** Milliseconds since the epoch. */
  reported_at: z.number(),
  health: IngesterHealth,
});
type IngesterReport = z.infer<typeof IngesterReport>;

interface NamedReport {
  name: string;
  /** Undefined: unreadable. */
  report: IngesterReport | undefined;
}

const PRUNE_INTERVAL_MS = 60_000;

/** Health of the ingesters: each writes its own, the API reads it. */
export class IngesterHealthBoard {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;
  /** When the reports of dead ingesters are deleted next, ms. */
  #nextPrune = 0;

  constructor({ redis, keys, logger }: StateContext) {
    this.#redis = redis;
    this.#key = keys.ingesterHealth;
    this.#logger = logger;
  }

  /** Replaces the report of this ingester. */
  async publish(health: IngesterHealth, now: number = Date.now()): Promise<void> {
    const { error } = health.spool;
    const spool = error === undefined ? health.spool : { ...health.spool, error: hideSecrets(error) };
    const report: IngesterReport = { reported_at: now, health: { ...health, spool } };
    await this.#redis.hset(this.#key, health.name, JSON.stringify(report));
    if (now < this.#nextPrune) return;
    this.#nextPrune = now + PRUNE_INTERVAL_MS;
    const dead = (await this.#reports()).filter((entry) => !isFresh(entry, now));
    if (dead.length > 0) await this.#redis.hdel(this.#key, ...dead.map(({ name }) => name));
  }

  /** Returns the ingesters that have reported within {@link HEALTH_STALE_MS}, by name. Writes nothing. */
  async read(now: number = Date.now()): Promise<IngesterHealth[]> {
    return (await this.#reports())
      .filter((entry) => isFresh(entry, now))
      .flatMap(({ report }) => report?.health ?? [])
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }

  async #reports(): Promise<NamedReport[]> {
    const texts = await ifReadable(this.#redis.hgetall(this.#key), {});
    return Object.entries(texts).map(([name, text]) => ({ name, report: this.#parse(name, text) }));
  }

  #parse(name: string, text: string): IngesterReport | undefined {
    try {
      return IngesterReport.parse(JSON.parse(text));
    } catch (error) {
      this.#logger.error({ ingester: name, error: String(error) }, 'ingester health report unreadable');
      return undefined;
    }
  }
}

function isFresh({ report }: NamedReport, now: number): boolean {
  return report !== undefined && now - report.reported_at <= HEALTH_STALE_MS;
}
