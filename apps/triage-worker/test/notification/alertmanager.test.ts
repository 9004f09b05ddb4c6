import { mapAlert } from '@nightcrier/core/alerts/map-alert';
import { alertLabels } from '@nightcrier/core/alerts/alert-labels';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { HAS_MONITORING, startAlertmanager } from '../../../../test/fixtures/monitoring-servers.ts';
import { startNotifier, useRedis } from './notifier.fixture.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

useRedis();

const patience = { timeout: 60_000 };
const Listed = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    endsAt: z.string(),
  }),
);
const over = () => ({ state: 'recovered' as const, recovered_at: new Date().toISOString() });

it.skipIf(!HAS_MONITORING)(
  'a real Alertmanager shows a problem, still does after the time at which it would end, and resolves it when it has recovered (needs prometheus and prometheus-alertmanager on the PATH)',
  async () => {
    await using onCall = await WebhookReceiver.start();
    const url = await startAlertmanager({ url: onCall.url });
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const alertmanager_configs = [{ urls: [url], labels: { source: 'nightcrier' } }];
    const { notify } = await startNotifier({
      route: { receiver: 'alerts' },
      receivers: [{ name: 'alerts', alertmanager_configs }],
    });
    /** Of the last list that had an alert: while none is posted in time, the alert is not listed. */
    let [alert] = Listed.parse([]);
    const alerts = async () => {
      const listed = Listed.parse(await (await fetch(`${url}/api/v2/alerts`)).json());
      alert = listed[0] ?? alert;
      return listed;
    };
    await notify('firing');
    await expect.poll(alerts, patience).toMatchObject([
      {
        labels: {
          alertname: 'CrashLoop',
          severity: 'critical',
          cluster: 'west',
          namespace: 'shop',
          workload: 'cart',
          team: 'payments',
          source: 'nightcrier',
        },
        annotations: { summary: '🔴 CrashLoop: shop/cart' },
      },
    ]);
    // Our own source of alerts drops it.
    const mapping = { labels: alertLabels({}), clusterNames: {}, clusters: ['west'] };
    expect(mapAlert(alert!, mapping)).toBe('own');

    const firstEnd = Date.parse(alert!.endsAt);
    await expect.poll(() => Date.now(), patience).toBeGreaterThan(firstEnd + 200);
    await expect.poll(async () => Date.parse((await alerts())[0]?.endsAt ?? ''), patience).toBeGreaterThan(firstEnd);

    await notify('severity_raised', { severity: 'info' });
    await expect.poll(alerts, patience).toMatchObject([{ labels: { severity: 'info' } }]);
    await notify('recovered', over());
    await expect.poll(alerts, patience).toEqual([]);
    await expect.poll(() => onCall.deliveries.at(-1)?.body, patience).toContain('"status":"resolved"');
  },
);

it('every instance gets every alert; one that does not answer keeps the others from nothing', async () => {
  await using one = await WebhookReceiver.start();
  await using other = await WebhookReceiver.start();
  other.statuses.push(...Array.from({ length: 3 }, () => 500));
  const password = 'p'.repeat(20);
  const alertmanager_configs = [
    { urls: [one.url, other.url].map((url) => new URL(url).origin), username: 'nightcrier', password },
  ];
  const { notify, logger } = await startNotifier({
    route: { receiver: 'alerts' },
    receivers: [{ name: 'alerts', alertmanager_configs }],
  });
  await notify('firing');
  await expect.poll(() => [one, other].every(({ deliveries }) => deliveries.length > 4), patience).toBe(true);
  expect(one.deliveries[0]?.headers.authorization).toBe(
    `Basic ${Buffer.from(`nightcrier:${password}`).toString('base64')}`,
  );
  expect(logger.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'alert not accepted by one Alertmanager of several' }),
  );
  expect(JSON.stringify(logger.lines)).not.toContain(password);
});
