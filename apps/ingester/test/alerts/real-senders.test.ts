import { freePort } from '@nightcrier/simulator/free-port';
import { expect, test } from 'vitest';
import { clusterConfig, configOf, simulate, useRedis } from '../ingester.fixture.ts';
import { alertState, patient, startReceiver } from './alerts.fixture.ts';
import {
  HAS_MONITORING,
  startAlertmanager,
  startExporter,
  startPrometheus,
} from '../../../../test/fixtures/monitoring-servers.ts';

useRedis();

const KEY = 'a-key-of-sixteen-characters';

test.skipIf(!HAS_MONITORING)(
  'a rule of a real Prometheus that fires is one incident, however often it is sent, and its end clears it (needs prometheus and prometheus-alertmanager on the PATH)',
  async () => {
    const cluster = await simulate();
    const config = configOf([await clusterConfig(cluster)], { alerts: { port: 0, access_key: KEY } });
    const { url, incidents } = await startReceiver(config);
    const { problems, counts } = alertState(config);
    const exporter = await startExporter();
    await startPrometheus(exporter.target, {
      static_configs: [{ targets: [new URL(url).host] }],
      authorization: { credentials: KEY },
    });
    exporter.set(7);
    await expect.poll(async () => (await counts())['resent'] ?? 0, patient).toBeGreaterThan(2);
    expect(await incidents()).toMatchObject([
      {
        recurrences: 0,
        member_count: 1,
        cluster_event: {
          cluster_name: 'alpha',
          problem: 'shop/storefront',
          event: { faultType: 'HighErrorRate', severity: 'critical', context: 'storefront: 7 requests fail' },
        },
      },
    ]);
    expect(await problems()).toMatchObject([{ key: 'shop/storefront', state: 'firing' }]);
    exporter.set(0);
    await expect.poll(problems, patient).toMatchObject([{ key: 'shop/storefront', state: 'recovered' }]);
    expect(await incidents()).toMatchObject([{ recurrences: 0 }]);
  },
);

test.skipIf(!HAS_MONITORING)(
  'a real Alertmanager delivers by its webhook what fired while no ingester ran, and what was resolved (needs prometheus and prometheus-alertmanager on the PATH)',
  async () => {
    const cluster = await simulate();
    const port = await freePort();
    const alerts = { port, username: 'alertmanager', password: KEY };
    const config = configOf([await clusterConfig(cluster)], { alerts });
    const { problems, counts } = alertState(config);
    const exporter = await startExporter();
    const alertmanager = await startAlertmanager({
      url: `http://127.0.0.1:${port}/webhook`,
      http_config: { basic_auth: { username: 'alertmanager', password: KEY } },
    });
    await startPrometheus(exporter.target, { static_configs: [{ targets: [new URL(alertmanager).host] }] });
    exporter.set(3);
    const held = async (): Promise<unknown> => (await fetch(`${alertmanager}/api/v2/alerts`)).json();
    await expect.poll(held, patient).toHaveLength(1);

    const { incidents, ingester } = await startReceiver(config);
    await expect.poll(async () => (await counts())['resent'] ?? 0, patient).toBeGreaterThan(0);
    expect(await incidents()).toMatchObject([{ recurrences: 0, cluster_event: { problem: 'shop/storefront' } }]);
    await ingester.stop();
    exporter.set(0);
    const again = await startReceiver(config);
    await expect.poll(problems, patient).toMatchObject([{ key: 'shop/storefront', state: 'recovered' }]);
    expect(await again.incidents()).toMatchObject([{ recurrences: 0 }]);
  },
);
