import { silentLogger } from '@nightcrier/core/logger';
import { READ_ONLY_TOKEN, type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { type EmbeddedRedis, startEmbeddedRedis } from '@nightcrier/state/embedded-redis';

/** Token of a user of the cluster with all permissions. */
export const ADMIN_TOKEN = 'simulated-admin-token';

/** A Redis and a simulated cluster, shared by the tests of a file. Each test opens a `TestHarness` on them. */
export class TestBackend {
  readonly redis: EmbeddedRedis;
  readonly cluster: SimulatedCluster;

  private constructor(redis: EmbeddedRedis, cluster: SimulatedCluster) {
    this.redis = redis;
    this.cluster = cluster;
  }

  /** @param where the cluster listens; over TLS, kubectl too sends its token. */
  static async start(where: { host?: string; tls?: boolean } = {}): Promise<TestBackend> {
    const redis = await startEmbeddedRedis({ logger: silentLogger });
    const users = { [READ_ONLY_TOKEN]: 'read-only', [ADMIN_TOKEN]: 'admin' } as const;
    return new TestBackend(redis, await startSimulatedCluster({ name: 'alpha', users, ...where }));
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await this.redis.stop();
  }
}
