import type { Secret } from '@nightcrier/core/settings/secret';
import type { NotificationTarget } from './notification-target.ts';
import { postJson } from './post-json.ts';
import { slackMessage } from './slack-message.ts';

/**
 * An incoming webhook of Slack. It takes messages and nothing else: none can be changed later, so recurrences are not told.
 * @param readUrl gives its address, which is its key too
 */
export function slackWebhook(readUrl: () => Promise<Secret>, rate: NotificationTarget['rate']): NotificationTarget {
  return {
    name: 'slack-webhook',
    rate,
    inOrder: true,
    wants: (event) => event !== 'incident_recurred',
    async deliver(news, _part, signal) {
      const url = (await readUrl()).reveal();
      await postJson("Slack's webhook", url, JSON.stringify(slackMessage(news)), {}, signal);
      return undefined;
    },
  };
}
