import { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import { hideSecretsIn } from '@nightcrier/core/settings/known-secrets';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type ClusterLeases, Lease } from '../leases/cluster-leases.ts';
import { isWrongType } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** What the configuration says about a cluster. */
export interface ConfiguredCluster {
  name: string;
  labels: Record<string, string>;
  triage_enabled: boolean;
}

/** A report that is older is stale: its ingester has stopped. Ingesters report several times within it. */
export const HEALTH_STALE_MS = 15_000;

const HealthReport = z.object({
  /** Milliseconds since the epoch. */
  reported_at: z.number(),
  /** The ingester that holds the cluster. */
  owner: z.string(),
  health: ClusterHealth,
});
type HealthReport = z.infer<typeof HealthReport>;

/** One of another type has no fields. `Map`: a cluster may have any name. */
const Hash = z.union([
  z.tuple([z.null(), z.record(z.string(), z.string())]).transform(([, hash]) => new Map(Object.entries(hash))),
  z.tuple([z.instanceof(Error).refine(isWrongType)], z.unknown()).transform(() => new Map<string, string>()),
]);
/** Seconds and microseconds. */
const Time = z
  .tuple([z.null(), z.tuple([z.coerce.number(), z.coerce.number()])])
  .transform(([, [seconds, micros]]) => seconds * 1000 + Math.floor(micros / 1000));
/** Members by score. */
const Scores = z.union([
  z.tuple([z.null(), z.array(z.string())]).transform(([, flat]) => scoresOf(flat)),
  z.tuple([z.instanceof(Error).refine(isWrongType)], z.unknown()).transform(() => new Map<string, number>()),
]);
const Read = z.tuple([Hash, Hash, Time, Scores]);

/** What an ingester reports about a cluster. */
export interface HeldHealth {
  /** Fencing token of its lease on the cluster. */
  token: number;
  health: ClusterHealth;
}

/** Health of the cluster connections: ingesters write it, the API reads it. */
export class ClusterHealthBoard {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #logger: Logger;

  constructor({ redis, keys, logger }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
    this.#logger = logger;
  }

  /** Replaces the reports of these clusters, except those that another ingester has taken over. */
  async publish(leases: ClusterLeases, clusters: HeldHealth[], now: number = Date.now()): Promise<void> {
    const values = clusters.map(({ token, health }) => {
      const { error, degraded, permissions } = health;
      const texts = hideSecretsIn({ error, degraded, warnings: permissions?.warnings });
      const shown = {
        ...health,
        error: texts.error,
        degraded: texts.degraded,
        permissions: permissions && { ...permissions, warnings: texts.warnings },
      };
      const report: HealthReport = { reported_at: now, owner: leases.id, health: shown };
      return { cluster: health.name, token, value: JSON.stringify(report) };
    });
    const refused = await leases.write(this.#keys.health, values);
    if (refused > 0) this.#logger.debug({ refused }, 'health reports refused; clusters taken over');
  }

  /** Returns the ingesters that report these clusters as active, by cluster. Reports are as old as {@link HEALTH_STALE_MS} at most. */
  async activeOwners(clusters: readonly string[], now: number = Date.now()): Promise<Map<string, string>> {
    if (clusters.length === 0) return new Map();
    const texts = await this.#redis.hmget(this.#keys.health, ...clusters);
    return new Map(
      clusters.flatMap((cluster, index): [string, string][] => {
        const report = this.#parse(cluster, HealthReport, texts[index] ?? undefined);
        const isFresh = report !== undefined && now - report.reported_at <= HEALTH_STALE_MS;
        return isFresh && report.health.status === 'active' ? [[cluster, report.owner]] : [];
      }),
    );
  }

  /** Deletes the report of a cluster that is no longer configured. */
  async remove(cluster: string): Promise<void> {
    await this.#redis.hdel(this.#keys.health, cluster);
  }

  /**
   * Returns the health of every configured cluster, in the order of the configuration. A cluster that no live ingester
   * holds, whose ingester has given no sign of life for the time of a beat, or that its ingester has not reported for
   * {@link HEALTH_STALE_MS}, is `disconnected`.
   * @param now milliseconds since the epoch, instead of Redis's clock
   */
  async read(configured: ConfiguredCluster[], now?: number): Promise<ClusterHealth[]> {
    const { health, leases, ingesterPulse } = this.#keys;
    // Not a transaction: a full Redis refuses every command in one.
    const [reports, held, time, pulses] = Read.parse(
      await this.#redis
        .pipeline()
        .hgetall(health)
        .hgetall(leases)
        .time()
        .zrangebyscore(ingesterPulse, '-inf', '+inf', 'WITHSCORES')
        .exec(),
    );
    const isRunning = (owner: string): boolean => (pulses.get(owner) ?? Infinity) > (now ?? time);
    return configured.map((cluster) => {
      const report = this.#parse(cluster.name, HealthReport, reports.get(cluster.name));
      const lease = this.#parse(cluster.name, Lease, held.get(cluster.name));
      return healthOf(cluster, report, lease, now ?? time, isRunning);
    });
  }

  #parse<T>(cluster: string, schema: z.ZodType<T>, text: string | undefined): T | undefined {
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      this.#logger.error({ cluster, error: String(error) }, 'health report or lease unreadable');
      return undefined;
    }
  }
}

function scoresOf(flat: string[]): Map<string, number> {
  const count = flat.length / 2;
  return new Map(Array.from({ length: count }, (_, index) => [flat[2 * index] ?? '', Number(flat[2 * index + 1])]));
}

/** Decides the health of a cluster. */
function healthOf(
  cluster: ConfiguredCluster,
  report: HealthReport | undefined,
  lease: Lease | undefined,
  now: number,
  isRunning: (owner: string) => boolean,
): ClusterHealth {
  const configured = { labels: cluster.labels, triage_enabled: cluster.triage_enabled };
  const owner = lease && lease.expires_at > now ? lease.owner : undefined;
  if (report && now - report.reported_at <= HEALTH_STALE_MS) {
    if (report.owner === owner && isRunning(owner)) return { ...report.health, ...configured, owner };
    // Its last report before it released the cluster.
    if (!owner && report.health.status === 'stopped') return { ...report.health, ...configured };
  }
  return {
    name: cluster.name,
    status: 'disconnected',
    ...(owner === undefined
      ? { error: 'no ingester holds this cluster' }
      : { owner, ...(report && { error: `ingester ${owner} holds this cluster and has stopped reporting it` }) }),
    // Past events stay true; the last state may not.
    ...(report?.health.last_event && { last_event: report.health.last_event }),
    ...(report && blindSince(report, now)),
    event_count: report?.health.event_count ?? 0,
    ...(report?.health.permissions && { permissions: report.health.permissions }),
    ...configured,
  };
}

/** Returns the blind time, which grows while no ingester watches the cluster. */
function blindSince({ reported_at, health }: HealthReport, now: number): Partial<ClusterHealth> {
  const { last_contact, blind_seconds = 0 } = health;
  if (last_contact === undefined) return {};
  return { last_contact, blind_seconds: Math.round(blind_seconds * 1000 + Math.max(0, now - reported_at)) / 1000 };
}
