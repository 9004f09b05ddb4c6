import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { useProxies } from '@nightcrier/core/settings/proxies';
import { Secret } from '@nightcrier/core/settings/secret';
import { msteams } from '../../src/notification/targets/msteams.ts';
import { pagerDuty } from '../../src/notification/targets/pagerduty.ts';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import { hostileIncident } from './hostile-incidents.ts';
import { noticeOf } from './notices.ts';
import { startNotifier, useRedis } from './notifier.fixture.ts';
import { cardTexts, LOGIN_PAGE, PagerDutyEvent, startPagerDuty, startTeams } from './strict-servers.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

useRedis();
afterEach(() => useProxies({}));

const patience = { timeout: 60_000 };
const never = new AbortController().signal;
const KEY = 'k'.repeat(32);
const over = (state: 'recovered' | 'closed') => ({ state, recovered_at: new Date().toISOString() });

describe('the life of a problem', () => {
  it('is one alert of PagerDuty by its key: triggered, acknowledged, resolved', async () => {
    await using pager = await startPagerDuty();
    pager.answers.push({ status: 429, headers: { 'retry-after': '1' } }, { status: 500 }, LOGIN_PAGE);
    const { notify, state } = await startNotifier({
      route: { receiver: 'pager' },
      receivers: [{ name: 'pager', pagerduty_configs: [{ routing_key: KEY, url: pager.url }] }],
    });
    const acknowledged = { by: 'ann', at: new Date().toISOString() };
    await notify('firing');
    await expect.poll(() => pager.accepted.length, patience).toBe(1);
    // Not notified: PagerDuty has nothing to show of it.
    await notify('recurred', { recurrences: 3 });
    for (const [event, change] of [
      ['reported', {}],
      ['acknowledged', { acknowledged }],
      ['recovered', over('recovered')],
    ] as const) {
      const before = pager.accepted.length;
      await notify(event, change);
      await expect.poll(() => pager.accepted.length, patience).toBe(before + 1);
    }
    const dedup_key = 'nightcrier:west/shop/cart';
    expect(pager.accepted).toMatchObject([
      {
        event_action: 'trigger',
        dedup_key,
        payload: { summary: '🔴 CrashLoop: shop/cart', source: 'west', severity: 'critical', group: 'shop' },
      },
      { event_action: 'trigger', dedup_key },
      { event_action: 'acknowledge', dedup_key },
      { event_action: 'resolve', dedup_key },
    ]);
    expect(pager.violations).toEqual([]);
    expect([...(await state.receiverHealth.read()).values()][0]).toMatchObject({ failures: 0 });
    const recorded = async () => (await state.deliveries.read('west/shop/cart')).map((one) => [one.event, one.outcome]);
    const events = ['firing', 'reported', 'acknowledged', 'recovered'];
    await expect
      .poll(async () => (await recorded()).toReversed(), patience)
      .toEqual(events.map((event) => [event, 'delivered']));
  });

  it('is a card of Teams for its report and one for its end, by the route of its labels', async () => {
    await using teams = await startTeams();
    await using hook = await WebhookReceiver.start();
    const { notify } = await startNotifier({
      webhook_url: hook.url,
      route: { routes: [{ matchers: ['team="payments"', 'severity="critical"'], receiver: 'payments' }] },
      receivers: [{ name: 'payments', msteamsv2_configs: [{ webhook_url: teams.url }] }],
    });
    await notify('firing');
    await notify('reported', { recurrences: 2 });
    await expect.poll(() => teams.accepted.length, patience).toBe(1);
    // Who was notified of a problem is notified of its end, although its labels lead elsewhere by now.
    await notify('recovered', { ...over('recovered'), severity: 'warning' });
    await expect.poll(() => teams.accepted.length, patience).toBe(2);
    await notify('closed', over('closed'));
    await notify('reported', { key: 'shop/other', labels: {} });
    await expect.poll(() => hook.deliveries.length, patience).toBe(1);
    const [first, second] = teams.accepted.map((card) => cardTexts(card).join('\n'));
    expect(first).toMatch(
      /^🔴 CrashLoop: shop\/cart\nFiring since .*seen 3 times[^]*Labels: team=payments[^]*Namespace: shop/,
    );
    expect(second).toMatch(/^🟢 Recovered: CrashLoop: shop\/cart\nRecovered at /);
    expect([teams.accepted.length, teams.violations]).toEqual([2, []]);
  });

  it('is notified again after repeat_interval until it is acknowledged', async () => {
    await using teams = await startTeams();
    const running = await startNotifier({
      route: { receiver: 'chat', repeat_interval: 60 },
      receivers: [{ name: 'chat', msteamsv2_configs: [{ webhook_url: teams.url }] }],
    });
    const { notify, state } = running;
    const { redis, keys } = state;
    const pass = async (): Promise<void> =>
      void (await redis.zincrby(
        keys.repeats,
        -60_000,
        `${[...(await state.receiverHealth.read()).keys()][0]} west/shop/cart`,
      ));
    await notify('reported');
    await expect.poll(() => teams.accepted.length, patience).toBe(1);
    for (const count of [2, 3]) {
      await expect.poll(() => redis.zcard(keys.repeats), patience).toBe(1);
      await pass();
      await expect.poll(() => teams.accepted.length, patience).toBe(count);
    }
    expect(cardTexts(teams.accepted[2])[0]).toBe('🔴 Still firing: CrashLoop: shop/cart');
    await notify('acknowledged', { acknowledged: { by: 'ann', at: new Date().toISOString() } });
    await expect.poll(() => redis.zcard(keys.repeats), patience).toBe(0);
    expect(teams.accepted).toHaveLength(3);
  });
});

describe('delivery', () => {
  it('an older state never follows a newer one', async () => {
    await using pager = await startPagerDuty();
    const { notify, logger } = await startNotifier({
      route: { receiver: 'pager' },
      receivers: [{ name: 'pager', pagerduty_configs: [{ routing_key: KEY, url: pager.url }] }],
    });
    // The trigger fails for longer than the resolve takes.
    pager.answers.push({ status: 500 });
    await notify('firing');
    await expect.poll(() => pager.requests, patience).toBeGreaterThan(0);
    await notify('recovered', over('recovered'));
    await expect.poll(() => pager.accepted.at(-1), patience).toMatchObject({ event_action: 'resolve' });
    const isDone = (): boolean =>
      pager.accepted.length === 2 ||
      logger.lines.some(({ message }) => message === 'notification skipped; a later one was delivered');
    await expect.poll(isDone, patience).toBe(true);
    expect(pager.accepted.at(-1)).toMatchObject({ event_action: 'resolve' });
  });

  it('an answer that is not of the service is a failed delivery, and the receiver counts as failing', async () => {
    await using teams = await startTeams();
    await using slack = await SlackServer.start();
    slack.outage = { kind: 'status', status: 200, headers: { 'content-type': 'text/plain' } };
    teams.answers.push(LOGIN_PAGE, { status: 200, body: '' });
    const { notify, state } = await startNotifier({
      slack_webhook_url: slack.webhookUrl,
      route: {
        receiver: 'default',
        routes: [{ receiver: 'chat', matchers: 'team="payments"', continue: true }, { receiver: 'default' }],
      },
      receivers: [{ name: 'chat', msteamsv2_configs: [{ webhook_url: teams.url }] }],
    });
    await notify('reported');
    await expect.poll(() => teams.accepted.length, patience).toBe(1);
    await expect
      .poll(async () => (await state.receiverHealth.read()).get('slack-webhook'), patience)
      .toMatchObject({
        receiver: 'default',
        kind: 'slack-webhook',
        failing_since: expect.any(Number),
        last_error: "Slack's webhook did not answer as it does: no",
      });
    expect([...(await state.receiverHealth.read()).values()][0]).not.toHaveProperty('failing_since');
    slack.outage = undefined;
    await expect.poll(() => slack.messages.length, patience).toBe(1);
    await expect
      .poll(async () => (await state.receiverHealth.read()).get('slack-webhook'), patience)
      .not.toHaveProperty('failing_since');
  });

  it('each state is notified once by notifiers that are stopped in the middle', async () => {
    await using pager = await startPagerDuty();
    const settings = {
      route: { receiver: 'pager' },
      receivers: [{ name: 'pager', pagerduty_configs: [{ routing_key: KEY, url: pager.url }] }],
    };
    const first = await startNotifier(settings);
    const { key_prefix } = { key_prefix: first.state.keys.bullmq.slice(1, -1) };
    const others = await Promise.all([
      startNotifier(settings, { key_prefix }),
      startNotifier(settings, { key_prefix }),
    ]);
    const keysOf = (action: string): string[] =>
      pager.accepted.flatMap((event) => {
        const { event_action, dedup_key } = PagerDutyEvent.parse(event);
        return event_action === action ? [dedup_key] : [];
      });
    const all = ['a', 'b', 'c', 'd'].map((key) => `nightcrier:west/shop/${key}`);
    for (const key of ['a', 'b', 'c', 'd']) await first.notify('firing', { key: `shop/${key}` });
    await expect.poll(() => pager.requests, patience).toBeGreaterThan(0);
    await first.stop();
    // A problem that has recovered before its first notification is delivered is only resolved.
    await expect.poll(() => keysOf('trigger').toSorted(), patience).toEqual(all);
    for (const key of ['a', 'b', 'c', 'd'])
      await others[0].notify('recovered', { key: `shop/${key}`, ...over('recovered') });
    await others[0].stop();
    await expect.poll(() => keysOf('resolve').toSorted(), patience).toEqual(all);
    expect(keysOf('trigger').toSorted()).toEqual(all);
  });

  it('goes through the proxy of the environment, except to the hosts of NO_PROXY', async () => {
    await using proxy = await startTeams();
    useProxies({ HTTP_PROXY: new URL(proxy.url).origin, NO_PROXY: 'inside.example' });
    const readUrl = (host: string) => () => Promise.resolve(new Secret(`http://${host}/hook`));
    const notice = noticeOf(hostileIncident(2));
    const target = { id: 'a.msteams.0', receiver: 'a' };
    // The proxy itself answers as the workflow does.
    await msteams(target, readUrl('outside.example')).deliver(notice, 'message', never);
    expect(proxy.accepted).toHaveLength(1);
    await expect(msteams(target, readUrl('inside.example')).deliver(notice, 'message', never)).rejects.toThrow(
      /ENOTFOUND|EAI_AGAIN/,
    );
  });
});

it('Teams and PagerDuty accept the messages of 200 incidents with hostile names', async () => {
  await using teams = await startTeams();
  await using pager = await startPagerDuty();
  const card = msteams({ id: 'a', receiver: 'a' }, () => Promise.resolve(new Secret(teams.url)));
  const alert = pagerDuty(
    { id: 'b', receiver: 'b' },
    { readKey: () => Promise.resolve(new Secret(KEY)), url: pager.url },
  );
  for (let seed = 0; seed < 200; seed += 1) {
    const notice = noticeOf(hostileIncident(seed), 'https://nightcrier.example/report');
    await card.deliver(notice, 'message', never);
    await alert.deliver(notice, 'message', never);
  }
  expect([teams.violations, pager.violations]).toEqual([[], []]);
  expect([teams.accepted.length, pager.accepted.length]).toEqual([200, 200]);
});

it('keys of receivers are read from files, again at each delivery', async () => {
  await using pager = await startPagerDuty();
  const { mkdtemp, rm } = await import('node:fs/promises');
  const folder = await mkdtemp('/tmp/nightcrier-key-');
  const file = path.join(folder, 'key');
  await writeFile(file, `${KEY}\n`);
  const { notify } = await startNotifier({
    route: { receiver: 'pager' },
    receivers: [{ name: 'pager', pagerduty_configs: [{ routing_key_file: file, url: pager.url }] }],
  });
  await notify('firing');
  await expect.poll(() => pager.accepted, patience).toMatchObject([{ routing_key: KEY }]);
  await writeFile(file, 'n'.repeat(32));
  await notify('recovered', over('recovered'));
  await expect.poll(() => pager.accepted, patience).toMatchObject([{}, { routing_key: 'n'.repeat(32) }]);
  await rm(folder, { recursive: true });
});
