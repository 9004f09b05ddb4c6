import { Secret } from '@nightcrier/core/settings/secret';
import { silentLogger } from '@nightcrier/core/logger';
import { startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { openState } from '@nightcrier/state/open-state';
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import type { IncidentNotice } from '../../src/notification/notice.ts';
import { slackBot } from '../../src/notification/slack-bot.ts';
import { slackMessage } from '../../src/notification/slack-message.ts';
import { slackWebhook } from '../../src/notification/slack-webhook.ts';
import { hostileIncident } from './hostile-incidents.ts';

const never = new AbortController().signal;
const rate = { max: 1, duration: 1_000 };

it.each([
  [{ cost_usd: 0.0134, cost_source: 'cli' as const, unpriced_tokens: 0 }, 'Used\n1234 tokens, $0.013'],
  [{ cost_usd: 0, unpriced_tokens: 1234 }, 'Used\n1234 tokens'],
])('tells what agents have used, and their cost where it is known', (cost, expected) => {
  const counts = { turns: 2, tool_calls: 1, denials: 0, unreadable_lines: 0 };
  const usage = { ...counts, input_tokens: 1200, cached_input_tokens: 800, output_tokens: 34, ...cost };
  const incident = { ...hostileIncident(2), usage };
  const { blocks } = slackMessage({ id: 'x', event: 'incident_resolved', incident });
  const fields = blocks.flatMap((block) => (block.type === 'section' ? (block.fields ?? []) : []));
  expect(fields.map(({ text }) => text)).toContain(expected);
});

it.each([
  [false, 'Confidence\n35 % (not determined)', 'Cause not determined: c'],
  [true, 'Confidence\n35 %', 'Root cause: c'],
])('says whether the cause is determined: %s', (determined, confidence, cause) => {
  const report = { title: 't', summary: 's', root_cause: 'c', confidence: 35, recommendations: [] };
  const incident = { ...hostileIncident(2), determined, report };
  const { blocks } = slackMessage({ id: 'x', event: 'incident_resolved', incident });
  const texts = blocks.flatMap((block) =>
    block.type === 'section' ? [...(block.fields ?? []), ...(block.text ? [block.text] : [])] : [],
  );
  expect(texts.map(({ text }) => text)).toEqual(expect.arrayContaining([confidence, cause]));
});

it('reports that agents are degraded and recovered, with duration and counts', async () => {
  await using slack = await SlackServer.start();
  const hook = slackWebhook(() => Promise.resolve(new Secret(slack.webhookUrl)), rate);
  const since = Date.parse('2026-03-01T12:00:00Z');
  const about = { agent: 'claude', since, failures: 3 };
  const degraded = { event: 'agents_degraded', ...about, reason: 'claude: <!here> quota' } as const;
  await hook.deliver({ id: 'd', event: degraded.event, notification: degraded }, 'message', never);
  const recovered = { event: 'agents_recovered', ...about, at: since + 7_500_000, passed_over: 40 } as const;
  await hook.deliver({ id: 'r', event: recovered.event, notification: recovered }, 'message', never);
  const [first, second] = slack.messages.map(({ shown }) => shown.join('\n'));
  expect(first).toMatch(
    /^Agents are degraded\nAgent: claude\. Failures in a row: 3\. The last one: claude: &lt;!here&gt; quota\n/,
  );
  expect(second).toMatch(/Degraded for 2 h 5 min\. Failures in a row: 3\. Incidents given to fallback agents: 40\./);
  expect(slack.violations).toEqual([]);
});

it('Slack accepts the messages and reports of 1,000 incidents with hostile names, and none mentions, links or is malformed', async () => {
  await using slack = await SlackServer.start();
  const redis = await startRedisServer();
  const connection = connectWorker({ url: redis.url, key_prefix: 'x' }, silentLogger);
  try {
    const { slackCards: cards } = openState(connection, { key_prefix: randomUUID(), logger: silentLogger });
    const readToken = (): Promise<Secret> => Promise.resolve(new Secret(slack.token));
    const bot = slackBot({ readToken, channel: 'C1', apiUrl: slack.apiUrl, cards, rate });
    const hook = slackWebhook(() => Promise.resolve(new Secret(slack.webhookUrl)), rate);
    for (let seed = 0; seed < 1_000; seed += 1) {
      const incident = hostileIncident(seed);
      const report = incident.report?.recommendations.join('\n').slice(0, 60_000) || 'Nothing.';
      const reportUrl = `https://nightcrier.example/a&b/${incident.incident_id}`;
      const notice: IncidentNotice = {
        id: incident.incident_id,
        event: 'incident_resolved',
        incident,
        report,
        reportUrl,
      };
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
