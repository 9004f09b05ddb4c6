import { READ_ONLY_TOKEN, type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';

/** Token of a user of the cluster with all permissions. */
export const ADMIN_TOKEN = 'simulated-admin-token';

/** A Redis and a simulated cluster, shared by the tests of a file. Each test opens a `TestHarness` on them. */
export class TestBackend {
  readonly redis: RedisServer;
  readonly cluster: SimulatedCluster;

  private constructor(redis: RedisServer, cluster: SimulatedCluster) {
    this.redis = redis;
    this.cluster = cluster;
  }

  /** @param where the cluster listens; kubectl sends its token over TLS only */
  static async start(where: { host?: string; tls?: boolean } = {}): Promise<TestBackend> {
    const redis = await startRedisServer();
    const users = { [READ_ONLY_TOKEN]: 'read-only', [ADMIN_TOKEN]: 'admin' } as const;
    return new TestBackend(redis, await startSimulatedCluster({ name: 'alpha', users, ...where }));
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await this.redis.stop();
  }
}
