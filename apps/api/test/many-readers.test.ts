import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { Settings } from '@nightcrier/core/settings/config';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { openReadyApi } from './api-under-test.ts';

const CLUSTERS = Array.from({ length: 2_000 }, (_, at) =>
  ClusterConfig.parse({ name: `c${at}`, mcp: { endpoint: 'http://c' }, triage: { enabled: false } }),
);
let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

describe('many readers at once', () => {
  test('all get the whole health and the whole metrics of 2,000 clusters', async () => {
    await using api = await openReadyApi(server.url, { clusters: CLUSTERS });
    const health = Array.from({ length: 40 }, async () => (await api.get('/health/clusters')).json());
    const metrics = Array.from({ length: 5 }, async () => (await api.get('/metrics')).text());
    for (const answer of await Promise.all(health)) expect(answer).toMatchObject({ summary: { total: 2_000 } });
    for (const text of await Promise.all(metrics)) {
      expect(text.match(/^nightcrier_cluster_up\{/gm)).toHaveLength(2_000);
      expect(text).toContain('nightcrier_redis_up 1\n');
      expect(text).toContain('nightcrier_clusters{status="disconnected"} 2000\n');
    }
  });

  test('after a reload without metrics_per_cluster, the metrics are sums', async () => {
    await using api = await openReadyApi(server.url, { clusters: CLUSTERS });
    api.reloading.apply({ ...Settings.parse({ api: { metrics_per_cluster: false } }), clusters: CLUSTERS });
    const text = await (await api.get('/metrics')).text();
    expect(text).not.toContain('cluster="');
    expect(text).toContain('nightcrier_faults_received_total 0\n');
    expect(text).toContain('nightcrier_fault_outcomes_total{outcome="queued"} 0\n');
    expect(text).toContain('nightcrier_clusters{status="disconnected"} 2000\n');
  });
});
