import { ClusterHealth } from '@nightcrier/core/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StateKeys } from './keys.ts';

/** What the health of a cluster is shown with, as configured. */
export interface ConfiguredCluster {
  name: string;
  labels: Record<string, string>;
  triage_enabled: boolean;
}

/** A report that is older says nothing about now: its ingester is gone. Ingesters report several times within it. */
export const HEALTH_STALE_MS = 15_000;

const HealthReport = z.object({
  /** Milliseconds since the epoch. */
  reported_at: z.number(),
  /** The ingester that holds the cluster. */
  owner: z.string(),
  health: ClusterHealth,
});
type HealthReport = z.infer<typeof HealthReport>;

/** Health of the cluster connections: written by the ingesters that hold them, read by the API. */
export class ClusterHealthBoard {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #logger: Logger;

  constructor(options: { redis: Redis; key_prefix: string; logger: Logger }) {
    this.#redis = options.redis;
    this.#key = new StateKeys(options.key_prefix).health;
    this.#logger = options.logger;
  }

  /** Replaces the reports of these clusters. `owner` names the ingester. */
  async publish(owner: string, clusters: ClusterHealth[], now: number = Date.now()): Promise<void> {
    if (clusters.length === 0) return;
    const fields = clusters.map((health): [string, string] => [
      health.name,
      JSON.stringify({ reported_at: now, owner, health } satisfies HealthReport),
    ]);
    await this.#redis.hset(this.#key, new Map(fields));
  }

  /** Removes the report of a cluster that is no longer configured. */
  async remove(cluster: string): Promise<void> {
    await this.#redis.hdel(this.#key, cluster);
  }

  /**
   * The health of every configured cluster, in the order of the configuration. One that no ingester has reported for
   * {@link HEALTH_STALE_MS} is `disconnected`, whatever its last report said.
   */
  async read(configured: ConfiguredCluster[], now: number = Date.now()): Promise<ClusterHealth[]> {
    const reports = await this.#redis.hgetall(this.#key);
    return configured.map((cluster) => healthOf(cluster, this.#parse(cluster.name, reports[cluster.name]), now));
  }

  #parse(cluster: string, text: string | undefined): HealthReport | undefined {
    if (text === undefined) return undefined;
    try {
      return HealthReport.parse(JSON.parse(text));
    } catch (error) {
      this.#logger.error({ cluster, error: String(error) }, 'cluster has an unreadable health report');
      return undefined;
    }
  }
}

/** Decides what is shown of a cluster. */
function healthOf(cluster: ConfiguredCluster, report: HealthReport | undefined, now: number): ClusterHealth {
  const configured = { labels: cluster.labels, triage_enabled: cluster.triage_enabled };
  if (report && now - report.reported_at <= HEALTH_STALE_MS) return { ...report.health, ...configured };
  return {
    name: cluster.name,
    status: 'disconnected',
    error: 'no ingester holds this cluster',
    // What happened stays true; what was the case may not be.
    ...(report?.health.last_event && { last_event: report.health.last_event }),
    event_count: report?.health.event_count ?? 0,
    ...(report?.health.permissions && { permissions: report.health.permissions }),
    ...configured,
  };
}
