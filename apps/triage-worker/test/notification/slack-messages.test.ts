import { Secret } from '@nightcrier/core/secret';
import { silentLogger } from '@nightcrier/core/logger';
import { startEmbeddedRedis } from '@nightcrier/state/embedded-redis';
import { connectWorker, disconnect } from '@nightcrier/state/redis';
import { SlackCards } from '@nightcrier/state/slack-cards';
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import type { IncidentNews } from '../../src/notification/news.ts';
import { slackBot } from '../../src/notification/slack-bot.ts';
import { slackWebhook } from '../../src/notification/slack-webhook.ts';
import { hostileIncident } from './hostile-incidents.ts';

const never = new AbortController().signal;
const rate = { max: 1, duration: 1_000 };

it('Slack takes the messages and reports of 1,000 incidents with hostile names, and none mentions, links or is malformed', async () => {
  await using slack = await SlackServer.start();
  const redis = await startEmbeddedRedis({ logger: silentLogger });
  const connection = connectWorker({ url: redis.url, key_prefix: 'x' }, silentLogger);
  try {
    const cards = new SlackCards({ redis: connection, key_prefix: randomUUID() });
    const readToken = (): Promise<Secret> => Promise.resolve(new Secret(slack.token));
    const bot = slackBot({ readToken, channel: 'C1', apiUrl: slack.apiUrl, cards, rate });
    const hook = slackWebhook(() => Promise.resolve(new Secret(slack.webhookUrl)), rate);
    for (let seed = 0; seed < 1_000; seed += 1) {
      const incident = hostileIncident(seed);
      const report = incident.report?.recommendations.join('\n').slice(0, 60_000) || 'Nothing.';
      const reportUrl = `https://nightcrier.example/a&b/${incident.incident_id}`;
      const news: IncidentNews = { id: incident.incident_id, event: 'incident_resolved', incident, report, reportUrl };
      await hook.deliver(news, 'message', never);
      expect(await bot.deliver(news, 'message', never)).toBe('report');
      await bot.deliver(news, 'report', never);
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
