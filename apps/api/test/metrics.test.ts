import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { ClusterConfig as Cluster } from '@nightcrier/core/clusters/cluster-config';
import { Settings } from '@nightcrier/core/settings/config';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const hasPromtool = await execa('promtool', ['--version'], { reject: false }).then(({ failed }) => !failed);

describe('/metrics', () => {
  test.skipIf(!hasPromtool)('follows the conventions of Prometheus, by promtool check metrics', async () => {
    await using api = await openReadyApi(server.url);
    await api.admission.admit(fault());
    const text = await (await api.get('/metrics')).text();
    const checked = await execa('promtool', ['check', 'metrics'], { input: text, reject: false });
    expect(checked.stdout + checked.stderr).toBe('');
    expect(checked.exitCode).toBe(0);
  });

  test('has at most 40 series for each cluster, and no label that names a process', async () => {
    const clusters: ClusterConfig[] = Array.from({ length: 50 }, (_, index) =>
      Cluster.parse({ name: `c${index}`, mcp: { endpoint: 'http://c' } }),
    );
    await using api = await openReadyApi(server.url, { clusters });
    await api.ingesters.publish({
      name: 'host-4711-ab',
      spool: { state: 'memory-only', in_memory: 3, disk_bytes: 1_400, lost: 2 },
    });
    const text = await (await api.get('/metrics')).text();
    expect(text.match(/\{[^}]*cluster="c7"[^}]*\} /g)?.length).toBeLessThanOrEqual(40);
    expect(text).not.toContain('host-4711');
    expect(text).toContain('nightcrier_spools_without_disk 1\n');
    expect(text).toContain('nightcrier_clusters{status="disconnected"} 50\n');
    expect(text).toContain('nightcrier_clusters{status="active"} 0\n');
    expect(text).toContain('nightcrier_clusters_unassigned 50\n');
    expect(text).toContain('nightcrier_processes_alive{kind="ingester"} 1\n');
    expect(text).toMatch(/^nightcrier_build_info\{version="[^"]+",node="v\d+[^"]*"\} 1$/m);
  });

  test('shows how old the oldest waiting incident is', async () => {
    await using api = await openReadyApi(server.url);
    const age = async (): Promise<number> =>
      Number(/^nightcrier_queue_oldest_age_seconds (\S+)$/m.exec(await (await api.get('/metrics')).text())?.[1]);
    expect(await age()).toBe(0);
    const { incidentId } = await api.admission.admit(fault());
    await api.redis.zadd(api.state.keys.incidentsIn('queued'), Date.now() - 90_000, incidentId);
    expect(await age()).toBeGreaterThanOrEqual(90);
    expect(await age()).toBeLessThan(150);
  });

  test("shows the used part of the day's budget, also of one that was changed", async () => {
    await using api = await openReadyApi(server.url, { dailyBudget: { tokens: 1_000 } });
    const reservation = await api.state.budgets.reserve(
      { incident_id: 'i', cluster: 'prod', cost: { tokens: 300, usd: 0 }, seconds: 60 },
      {},
    );
    if (reservation.kind === 'reserved') await api.state.budgets.settle(reservation.id, { tokens: 250, usd: 0.5 });
    const text = async (): Promise<string> => (await api.get('/metrics')).text();
    expect(await text()).toContain('nightcrier_budget_used_ratio 0.25\n');
    expect(await text()).toContain('nightcrier_budget_used_tokens 250\n');
    api.reloading.apply({ ...Settings.parse({ llm_budgets: { per_day: { usd: 1 } } }), clusters: [] });
    expect(await text()).toContain('nightcrier_budget_used_ratio 0.5\n');
  });
});
