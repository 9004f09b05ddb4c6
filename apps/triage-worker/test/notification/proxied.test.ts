import { useProxies } from '@nightcrier/core/settings/proxies';
import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { type ConnectProxy, startConnectProxy } from '../../../../test/fixtures/connect-proxy.ts';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import { email } from '../../src/notification/targets/email.ts';
import { hostileIncident } from './hostile-incidents.ts';
import { noticeOf } from './notices.ts';
import { startNotifier, useRedis } from './notifier.fixture.ts';

useRedis();
afterEach(() => useProxies({}));

const patience = { timeout: 60_000 };
const never = new AbortController().signal;
/** Only the proxy resolves it. */
const HOST = 'outside.invalid';

async function proxied(environment: Record<string, string> = {}): Promise<ConnectProxy> {
  const proxy = await startConnectProxy();
  onTestFinished(() => proxy.close());
  useProxies({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, ...environment });
  return proxy;
}

async function startSmtp(): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    onData: (stream, session, done) => {
      stream.resume();
      stream.on('end', () => {
        mails.push(...session.envelope.rcptTo.map(({ address }) => address));
        done();
      });
    },
  });
  server.on('error', () => undefined);
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  const address = listener.address();
  return { mails, port: typeof address === 'object' && address ? address.port : 0 };
}

const mailTo = (smarthost: string) =>
  email(
    { id: 'mail', receiver: 'team' },
    {
      to: ['team@example.org'],
      from: 'nightcrier@example.org',
      smarthost,
      username: undefined,
      readPassword: () => Promise.resolve(undefined),
      requireTls: false,
      caFile: undefined,
    },
  );

it('mail is sent through HTTPS_PROXY, and not to hosts of NO_PROXY', async () => {
  const { port, mails } = await startSmtp();
  const smarthost = `${HOST}:${port}`;
  const notice = noticeOf(hostileIncident(1), 'https://nightcrier.example/r');
  const proxy = await proxied();
  await mailTo(smarthost).deliver(notice, 'message', never);
  expect(mails).toEqual(['team@example.org']);
  expect([...proxy.tunnels]).toEqual([smarthost]);

  const unused = await proxied({ NO_PROXY: HOST });
  await expect(mailTo(smarthost).deliver(notice, 'message', never)).rejects.toThrow(/did not accept the mail/);
  expect(unused.tunnels.size).toBe(0);
});

it("messages of Slack's app, and the socket of their buttons, go through the proxy", async () => {
  const proxy = await proxied();
  await using slack = await SlackServer.start(HOST);
  const { notify, state } = await startNotifier({
    slack_bot_token: slack.token,
    slack_channel: 'C0INCIDENTS',
    slack_api_url: slack.apiUrl,
    slack_app_token: slack.appToken,
    slack_operators: ['U0000000ANN'],
  });
  const row = { state: 'firing', severity: 'critical', since: '1', changed_at: '1', spell: 'spell-2', announced: '1' };
  await state.redis.hset(state.keys.problem('west', 'shop/cart'), row);
  await notify('firing');
  await expect.poll(() => slack.messages.length, patience).toBe(1);
  await expect.poll(() => slack.sockets.size, patience).toBe(1);
  slack.press(slack.messages[0]!, 'nightcrier_acknowledge', { id: 'U0000000ANN', username: 'ann' });
  await expect.poll(() => slack.acknowledged.length, patience).toBe(1);
  const { host } = new URL(slack.apiUrl);
  expect([...proxy.forwarded]).toEqual([host]);
});
