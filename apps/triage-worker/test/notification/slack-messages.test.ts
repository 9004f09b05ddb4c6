import { Secret } from '@nightcrier/core/settings/secret';
import { silentLogger } from '@nightcrier/core/logger';
import { startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { openState } from '@nightcrier/state/open-state';
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import { readNotice } from '../../src/notification/content/notice.ts';
import { slackBot } from '../../src/notification/slack/slack-bot.ts';
import { slackMessage, slackReport } from '../../src/notification/slack/slack-message.ts';
import { slackWebhook } from '../../src/notification/slack/slack-webhook.ts';
import { hostileIncident } from './hostile-incidents.ts';
import { noticeOf } from './notices.ts';

const never = new AbortController().signal;
const rate = { max: 1, duration: 1_000 };
const shownIn = (message: ReturnType<typeof slackMessage>): string => JSON.stringify(message.blocks);

it.each([
  [{ cost_usd: 0.0134, cost_source: 'cli' as const, unpriced_tokens: 0 }, 'Used\n1234 tokens, $0.013'],
  [{ cost_usd: 0, unpriced_tokens: 1234 }, 'Used\n1234 tokens'],
])('tells what agents have used, and their cost where it is known', (cost, expected) => {
  const counts = { turns: 2, tool_calls: 1, denials: 0, unreadable_lines: 0 };
  const usage = { ...counts, input_tokens: 1200, cached_input_tokens: 800, output_tokens: 34, ...cost };
  const incident = { ...hostileIncident(2), usage };
  expect(shownIn(slackMessage(noticeOf(incident)))).toContain(JSON.stringify(expected).slice(1, -1));
});

it.each([
  [false, 'Confidence\n35 % (not determined)', 'Cause not determined: '],
  [true, 'Confidence\n35 %', 'Root cause: '],
])('says whether the cause is determined: %s', (determined, confidence, cause) => {
  const report = { title: 't', summary: 's', root_cause: 'c', confidence: 35, recommendations: [] };
  const incident = { ...hostileIncident(2), determined, report };
  const shown = shownIn(slackMessage(noticeOf(incident)));
  for (const text of [confidence, cause]) expect(shown).toContain(JSON.stringify(text).slice(1, -1));
});

it('reports that agents are degraded and recovered, as notifications of earlier versions say it', async () => {
  await using slack = await SlackServer.start();
  const target = { id: 'slack-webhook', receiver: 'default' };
  const hook = slackWebhook(target, () => Promise.resolve(new Secret(slack.webhookUrl)), rate);
  const since = Date.parse('2026-03-01T12:00:00Z');
  const about = { agent: 'claude', since, failures: 3 };
  const degraded = { event: 'agents_degraded', ...about, reason: 'claude: <!here> quota' } as const;
  const recovered = { event: 'agents_recovered', ...about, at: since + 7_500_000, passed_over: 40 } as const;
  const incidents = { get: () => Promise.resolve(undefined), report: () => Promise.resolve(undefined) };
  for (const notification of [degraded, recovered]) {
    const notice = await readNotice({ notification, part: 'message' }, incidents, undefined);
    await hook.deliver(notice!, 'message', never);
  }
  const [first, second] = slack.messages.map(({ shown }) => shown.join('\n'));
  expect(first).toMatch(
    /^🟠 Agent claude is degraded: failures in a row: 3\. The last one: claude: &lt;!here&gt; quota\nFiring since 2026-03-01 12:00 UTC\n/,
  );
  expect(second).toMatch(
    /^🟢 Recovered: Agent claude works again\. .*given to fallback agents: 40\nRecovered at 2026-03-01 14:05 UTC/,
  );
  expect(slack.violations).toEqual([]);
});

it('a report is rich text: formatted, without the marks of Markdown', () => {
  const report =
    '## Root Cause\n\nThe **db** is `down`.\n\n1. Restart\n   - gently\n2. Wait\n\n```\nkubectl get\n```\n';
  expect(slackReport(report, undefined).blocks).toMatchObject([
    {
      type: 'rich_text',
      elements: [
        { elements: [{ text: 'Root Cause', style: { bold: true } }, { text: '\n' }] },
        {
          elements: [
            { text: 'The ' },
            { text: 'db', style: { bold: true } },
            { text: ' is ' },
            { text: 'down', style: { code: true } },
            { text: '.' },
            { text: '\n' },
          ],
        },
        { type: 'rich_text_list', style: 'ordered', indent: 0, elements: [{ elements: [{ text: 'Restart' }] }] },
        { type: 'rich_text_list', style: 'bullet', indent: 1, elements: [{ elements: [{ text: 'gently' }] }] },
        { type: 'rich_text_list', style: 'ordered', elements: [{ elements: [{ text: 'Wait' }] }] },
        { type: 'rich_text_preformatted', elements: [{ text: 'kubectl get' }] },
      ],
    },
  ]);
});

it('Slack accepts the messages and reports of 1,000 incidents with hostile names, and none mentions, links or is malformed', async () => {
  await using slack = await SlackServer.start();
  const redis = await startRedisServer();
  const connection = connectWorker({ url: redis.url, key_prefix: 'x' }, silentLogger);
  try {
    const { slackCards: cards } = openState(connection, { key_prefix: randomUUID(), logger: silentLogger });
    const readToken = (): Promise<Secret> => Promise.resolve(new Secret(slack.token));
    const bot = slackBot(
      { id: 'slack-bot', receiver: 'default' },
      { readToken, channel: 'C1', apiUrl: slack.apiUrl, cards, rate, readAppToken: readToken },
    );
    const target = { id: 'slack-webhook', receiver: 'default' };
    const hook = slackWebhook(target, () => Promise.resolve(new Secret(slack.webhookUrl)), rate);
    for (let seed = 0; seed < 1_000; seed += 1) {
      const incident = hostileIncident(seed);
      const report = incident.report?.recommendations.join('\n').slice(0, 60_000) || 'Nothing.';
      const reportUrl = `https://nightcrier.example/a&b/${incident.incident_id}`;
      const notice = { ...noticeOf(incident, reportUrl), sequence: seed, report };
      await hook.deliver(notice, 'message', never);
      expect(await bot.deliver(notice, 'message', never)).toBe('report');
      await bot.deliver(notice, 'report', never);
    }
    expect(slack.violations).toEqual([]);
    expect(slack.messages).toHaveLength(3_000);
    const cut = slack.messages.flatMap(({ shown }) => shown).filter((text) => text.endsWith('…'));
    expect(cut.length).toBeGreaterThan(1_000);
  } finally {
    await disconnect(connection);
    await redis.stop();
  }
});
