import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Settings } from '@nightcrier/core/settings/config';
import { expect, onTestFinished, test } from 'vitest';
import { clusterConfig, configOf, simulate, useRedis } from '../ingester.fixture.ts';
import { ALERT_SETTINGS } from './alert-settings.ts';
import { alertOf, alertState, startReceiver } from './alerts.fixture.ts';

useRedis();

const KEY = 'a-key-of-sixteen-characters';
const basic = { authorization: `Basic ${Buffer.from(`prom:${KEY}`).toString('base64')}` };
const bearer = { authorization: `Bearer ${KEY}` };
const alert = alertOf({ deployment: 'storefront' });

/** What a request shows before and after each change: its status, or what the alert becomes. */
const CHANGES: Record<
  (typeof ALERT_SETTINGS)[number],
  { value: (file: string) => object; body?: object; headers?: Record<string, string>; before: unknown; after: unknown }
> = {
  access_key: { value: () => ({ access_key: KEY }), before: 200, after: 401 },
  access_key_file: { value: (file) => ({ access_key_file: file }), headers: bearer, before: 200, after: 200 },
  username: { value: () => ({ username: 'other', password: KEY }), headers: basic, before: 200, after: 401 },
  password: { value: () => ({ username: 'prom', password: KEY }), headers: bearer, before: 200, after: 401 },
  password_file: { value: (file) => ({ username: 'prom', password_file: file }), headers: {}, before: 200, after: 401 },
  cluster_names: {
    value: () => ({ cluster_names: { prod: 'alpha' } }),
    body: alertOf({ deployment: 'storefront', cluster: 'prod' }),
    before: { unknown_cluster: 1 },
    after: { unknown_cluster: 1, fired: 1 },
  },
  labels: {
    value: () => ({ labels: { service: 'app' } }),
    body: { ...alertOf({ app: 'storefront' }), labels: { alertname: 'A', namespace: 'shop', app: 'storefront' } },
    before: { kind: 'Namespace' },
    after: { kind: 'Service' },
  },
  resolve_timeout: { value: () => ({ resolve_timeout: '100h' }), before: 24, after: 100 },
};

test.each(ALERT_SETTINGS)('a reload applies alerts.%s to the next request', async (name) => {
  const { value, body = { ...alert, endsAt: undefined }, headers = {}, before, after } = CHANGES[name];
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-alerts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'secret');
  await writeFile(file, KEY);
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)], { alerts: { port: 0 } });
  const { ingester, post, incidents } = await startReceiver(config);
  const { counts, alerts } = alertState(config);
  const shown = async (): Promise<unknown> => {
    const { status } = await post([body], { headers });
    const remembered = await alerts();
    if (name === 'cluster_names') return counts();
    if (name === 'labels') return remembered.find(({ alert: { labels } }) => labels['app'])?.resource;
    if (name === 'resolve_timeout') {
      const [{ until = 0, received_at = 0 } = {}] = remembered;
      return (until - received_at) / 3_600_000;
    }
    return status;
  };
  const expected = (what: unknown) => (typeof what === 'object' ? expect.objectContaining({ ...what }) : what);
  expect(await shown()).toEqual(expected(before));
  // Without the credentials of the former configuration, as a wrong key is refused.
  const changed = Settings.parse({ alerts: { port: 0, ...value(file) } }).alerts;
  ingester.reloading.apply({ ...config, alerts: changed });
  if (name === 'labels') {
    const other = { ...alertOf({}), labels: { alertname: 'B', namespace: 'shop', app: 'storefront' } };
    await post([other]);
    expect((await alerts()).map(({ resource }) => resource.kind)).toContain('Service');
    return;
  }
  expect(await shown()).toEqual(expected(after));
  if (name === 'access_key_file') expect((await post([body], { headers: basic })).status).toBe(401);
  expect((await incidents()).length).toBeLessThanOrEqual(1);
});
