import type { Config } from '@nightcrier/core/settings/config';
import type { Secret } from '@nightcrier/core/settings/secret';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import type { SlackCards } from '@nightcrier/state/notifications/slack-cards';
import type { NotificationTarget } from './notification-target.ts';
import { slackBot } from './slack-bot.ts';
import { slackWebhook } from './slack-webhook.ts';
import { webhook } from './webhook.ts';

/** Slack's limit for a channel: about one message per second. */
const SLACK_RATE = { max: 1, duration: 1_000 };

/** Returns the configured targets. Key files are read at each delivery. */
export function configuredTargets(
  config: Config,
  cards: SlackCards,
  slackRate: NotificationTarget['rate'] = SLACK_RATE,
): NotificationTarget[] {
  const targets: NotificationTarget[] = [];
  const { slack_webhook_url, slack_webhook_url_file, slack_channel, webhook_url, webhook_url_file } = config;
  if (slack_webhook_url ?? slack_webhook_url_file) {
    targets.push(slackWebhook(() => required(slack_webhook_url, slack_webhook_url_file), slackRate));
  }
  if (slack_channel !== undefined) {
    const readToken = (): Promise<Secret> => required(config.slack_bot_token, config.slack_bot_token_file);
    const { slack_api_url: apiUrl } = config;
    targets.push(slackBot({ readToken, channel: slack_channel, apiUrl, cards, rate: slackRate }));
  }
  if (webhook_url ?? webhook_url_file) {
    const read = (): Promise<Secret | undefined> => readSecret(config.webhook_secret, config.webhook_secret_file);
    targets.push(webhook({ readUrl: () => required(webhook_url, webhook_url_file), readSecret: read }));
  }
  return targets;
}

async function required(value: Secret | undefined, file: string | undefined): Promise<Secret> {
  const secret = await readSecret(value, file);
  if (!secret) throw new Error('neither a secret nor its file is configured');
  return secret;
}
