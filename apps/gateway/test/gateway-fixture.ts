import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { GatewayHarness } from './gateway-harness.ts';

type ClusterOptions = Parameters<typeof startSimulatedCluster>[0];

/** Redis and a cluster for the tests of a file, and a harness for each of them. */
export interface GatewayFixture {
  readonly cluster: SimulatedCluster;
  readonly harness: GatewayHarness;
}

/**
 * Starts what tests of a gateway need, in the hooks of the file that calls it.
 * @param prepare runs once, when the cluster is there
 */
export function useGateway(
  users: ClusterOptions['users'],
  prepare: (cluster: SimulatedCluster) => Promise<unknown> = async () => undefined,
): GatewayFixture {
  let redis: RedisServer;
  let cluster: SimulatedCluster;
  let harness: GatewayHarness;
  beforeAll(async () => {
    redis = await startRedisServer();
    cluster = await startSimulatedCluster({ name: 'alpha', users, tls: true });
    await prepare(cluster);
  });
  afterAll(async () => {
    await cluster.stop();
    await redis.stop();
  });
  beforeEach(async () => {
    harness = await GatewayHarness.open(redis.url);
  });
  afterEach(() => harness.close());
  return {
    get cluster() {
      return cluster;
    },
    get harness() {
      return harness;
    },
  };
}
