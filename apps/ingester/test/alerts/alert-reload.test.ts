import { randomUUID } from 'node:crypto';
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

type Receiver = Pick<Awaited<ReturnType<typeof startReceiver>>, 'post'> & ReturnType<typeof alertState>;

/** What changes, and what shows it before and after. */
interface Change {
  value: (file: string) => object;
  shown: (receiver: Receiver) => Promise<unknown>;
  before: unknown;
  after: unknown;
}

/** The statuses of requests without credentials, with the key and with the password. */
async function statuses({ post }: Receiver): Promise<number[]> {
  const answers = [{}, bearer, basic].map(async (headers) => (await post([alert], { headers })).status);
  return Promise.all(answers);
}

/** What an alert with a label of another name is about. */
async function subject({ post, alerts }: Receiver): Promise<string[]> {
  const labels = { alertname: randomUUID(), namespace: 'shop', app: 'storefront' };
  await post([{ ...alert, labels }]);
  const remembered = await alerts();
  return remembered.flatMap((one) => (one.fault_type === labels.alertname ? one.resource.kind : []));
}

/** Hours after which an alert of a webhook counts as resolved. */
async function hours({ post, alerts }: Receiver): Promise<number[]> {
  await post([{ ...alert, endsAt: undefined }]);
  return (await alerts()).map(({ until, received_at }) => (until - received_at) / 3_600_000);
}

async function assigned({ post, counts }: Receiver): Promise<object> {
  await post([alertOf({ deployment: 'storefront', cluster: 'prod' })]);
  return counts();
}

const OPEN = [200, 200, 200];
const CHANGES: Record<(typeof ALERT_SETTINGS)[number], Change> = {
  access_key: { value: () => ({ access_key: KEY }), shown: statuses, before: OPEN, after: [401, 200, 401] },
  access_key_file: {
    value: (file) => ({ access_key_file: file }),
    shown: statuses,
    before: OPEN,
    after: [401, 200, 401],
  },
  username: {
    value: () => ({ username: 'other', password: KEY }),
    shown: statuses,
    before: OPEN,
    after: [401, 401, 401],
  },
  password: {
    value: () => ({ username: 'prom', password: KEY }),
    shown: statuses,
    before: OPEN,
    after: [401, 401, 200],
  },
  password_file: {
    value: (file) => ({ username: 'prom', password_file: file }),
    shown: statuses,
    before: OPEN,
    after: [401, 401, 200],
  },
  cluster_names: {
    value: () => ({ cluster_names: { prod: 'alpha' } }),
    shown: assigned,
    before: { unknown_cluster: 1 },
    after: { unknown_cluster: 1, fired: 1 },
  },
  labels: { value: () => ({ labels: { service: 'app' } }), shown: subject, before: ['Namespace'], after: ['Service'] },
  resolve_timeout: { value: () => ({ resolve_timeout: '100h' }), shown: hours, before: [24], after: [100] },
};

test.each(ALERT_SETTINGS)('a reload applies alerts.%s to the next request', async (name) => {
  const { value, shown, before, after } = CHANGES[name];
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-alerts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'secret');
  await writeFile(file, KEY);
  const cluster = await simulate();
  const config = configOf([await clusterConfig(cluster)], { alerts: { port: 0 } });
  const { ingester, post } = await startReceiver(config);
  const receiver = { post, ...alertState(config) };
  expect(await shown(receiver)).toEqual(before);
  const changed = Settings.parse({ alerts: { port: 0, ...value(file) } }).alerts;
  ingester.reloading.apply({ ...config, alerts: changed });
  expect(await shown(receiver)).toEqual(after);
});
