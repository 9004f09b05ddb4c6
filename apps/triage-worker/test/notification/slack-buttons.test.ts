import { expect, it } from 'vitest';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import { type RunningNotifier, startNotifier, useRedis } from './notifier.fixture.ts';

useRedis();

const patience = { timeout: 60_000 };
const ann = { id: 'U0000000ANN', username: 'ann' };
const bob = { id: 'U0000000BOB', username: 'bob' };
const eve = { id: 'U0000000EVE', username: 'eve' };

const settings = (slack: SlackServer) => ({
  slack_bot_token: slack.token,
  slack_channel: 'C0INCIDENTS',
  slack_api_url: slack.apiUrl,
  slack_app_token: slack.appToken,
  slack_operators: [ann.id, 'S000000TEAM'],
});

/** Writes the row of a problem that is firing and was announced, and notifies of it. */
async function firing({ state, notify }: RunningNotifier): Promise<void> {
  const since = String(Date.now());
  const row = { state: 'firing', severity: 'critical', since, changed_at: since, spell: 'spell-2', announced: '1' };
  await state.redis.hset(state.keys.problem('west', 'shop/cart'), row);
  await notify('firing');
}

const shown = (slack: SlackServer): string => slack.messages[0]?.shown.join('\n') ?? '';

it('an operator acknowledges, silences and investigates by the buttons of the message; others may not', async () => {
  await using slack = await SlackServer.start();
  slack.groups.set('S000000TEAM', [bob.id]);
  const running = await startNotifier(settings(slack));
  const { state, logger } = running;
  await firing(running);
  await expect.poll(() => slack.messages.length, patience).toBe(1);
  await expect.poll(() => slack.sockets.size, patience).toBe(1);
  const [message] = slack.messages;

  const refused = slack.press(message!, 'nightcrier_acknowledge', eve);
  await expect
    .poll(() => slack.ephemerals, patience)
    .toEqual([{ user: eve.id, text: expect.stringContaining('slack_operators') }]);
  await expect.poll(() => slack.acknowledged, patience).toContain(refused);
  expect(await state.problems.get('west', 'shop/cart')).not.toHaveProperty('acknowledged.by');

  slack.press(message!, 'nightcrier_acknowledge', ann);
  await expect.poll(() => shown(slack), patience).toContain(`acknowledged by ann (${ann.id})`);
  await expect
    .poll(() => slack.messages[0]?.buttons.map(({ action_id }) => action_id))
    .toEqual(['nightcrier_silence', 'nightcrier_investigate']);

  slack.press(slack.messages[0]!, 'nightcrier_silence', bob);
  await expect
    .poll(() => state.silences.list(), patience)
    .toMatchObject([
      {
        matchers: 'cluster="west", namespace="shop", workload="cart"',
        created_by: `bob (${bob.id})`,
        comment: 'button in Slack',
      },
    ]);

  slack.press(slack.messages[0]!, 'nightcrier_investigate', bob);
  // Nothing of this problem was investigated.
  await expect
    .poll(() => slack.ephemerals.at(-1), patience)
    .toEqual({ user: bob.id, text: expect.stringContaining('no longer known') });
  const { entries } = await state.audit.page({ limit: 10 });
  expect(entries.map(({ action, by, by_kind }) => [action, by, by_kind])).toEqual([
    ['silence_added', `bob (${bob.id})`, 'slack'],
    ['problem_acknowledged', `ann (${ann.id})`, 'slack'],
  ]);
  expect(slack.violations).toEqual([]);
  expect(JSON.stringify(logger.lines)).not.toMatch(/xapp-|ticket/);
});

it('a message is red while its problem is firing, is edited when it has recovered, and then has no buttons', async () => {
  await using slack = await SlackServer.start();
  const running = await startNotifier(settings(slack));
  const { notify } = running;
  await firing(running);
  await expect.poll(() => slack.messages[0]?.text, patience).toMatch(/^🔴 CrashLoop: shop\/cart/);
  expect(slack.messages[0]?.buttons).toHaveLength(3);
  await notify('recurred', { recurrences: 4 });
  await expect.poll(() => shown(slack), patience).toContain('seen 5 times');
  const over = { state: 'recovered' as const, recovered_at: new Date().toISOString() };
  await notify('recovered', over);
  await expect.poll(() => slack.messages[0]?.text, patience).toMatch(/^🟢 Recovered: /);
  expect(slack.messages[0]?.buttons).toEqual([]);
  await notify('reopened');
  await expect.poll(() => slack.messages.length, patience).toBe(2);
  expect(slack.messages[0]?.text).toMatch(/^🔴 Reopened: /);
  // An edit notifies nobody: what a person must notice is said in the thread.
  expect(slack.messages[1]).toMatchObject({ thread_ts: slack.messages[0]?.ts });
  await notify('recovered', over);
  await notify('closed', { ...over, state: 'closed' });
  await expect.poll(() => slack.messages[0]?.text, patience).toMatch(/^🟢 Closed: /);
  await firing(running);
  await expect.poll(() => slack.messages.length, patience).toBe(3);
  expect(slack.messages[2]).not.toHaveProperty('thread_ts');
  expect(slack.violations).toEqual([]);
});

it('one process has the socket; another takes it over, and it is opened again when Slack closes it', async () => {
  await using slack = await SlackServer.start();
  const first = await startNotifier(settings(slack));
  await expect.poll(() => slack.sockets.size, patience).toBe(1);
  const key_prefix = first.state.keys.bullmq.slice(1, -1);
  const second = await startNotifier(settings(slack), { key_prefix });
  const connected = ({ logger }: RunningNotifier): number =>
    logger.lines.filter(({ message }) => message === 'slack socket connected').length;
  for (const socket of slack.sockets) socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
  await expect.poll(() => connected(first), patience).toBe(2);
  await expect.poll(() => slack.sockets.size, patience).toBe(1);
  expect(connected(second)).toBe(0);
  await first.stop();
  await expect.poll(() => connected(second), patience).toBe(1);
  await expect.poll(() => slack.sockets.size, patience).toBe(1);
});
