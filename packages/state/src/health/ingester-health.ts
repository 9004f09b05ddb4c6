import { IngesterHealth } from '@nightcrier/core/clusters/ingester-health';
import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { HEALTH_STALE_MS } from './cluster-health.ts';
import type { StateContext } from '../redis/state-context.ts';

const IngesterReport = z.object({
  /** Milliseconds since the epoch. */
  reported_at: z.number(),
  health: IngesterHealth,
});
type IngesterReport = z.infer<typeof IngesterReport>;

/** Health of the ingesters: each writes its own, the API reads it. */
export class IngesterHealthBoard {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;

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
  }

  /** Returns the ingesters that have reported within {@link HEALTH_STALE_MS}, by name, and deletes the reports of others. */
  async read(now: number = Date.now()): Promise<IngesterHealth[]> {
    const reports = Object.entries(await this.#redis.hgetall(this.#key)).map(([name, text]) => ({
      name,
      report: this.#parse(name, text),
    }));
    const dead = reports.filter(({ report }) => !report || now - report.reported_at > HEALTH_STALE_MS);
    if (dead.length > 0) await this.#redis.hdel(this.#key, ...dead.map(({ name }) => name));
    return reports
      .filter((entry) => !dead.includes(entry))
      .flatMap(({ report }) => report?.health ?? [])
      .toSorted((a, b) => a.name.localeCompare(b.name));
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
