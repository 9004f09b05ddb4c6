import type { Secret } from '@nightcrier/core/settings/secret';
import type { NotificationTarget } from './notification-target.ts';
import { postJson } from './post-json.ts';
import { slackMessage } from './slack-message.ts';

/**
 * An incoming webhook of Slack. Its messages cannot be updated, so recurrences are not sent.
 * @param readUrl returns its URL, which is a secret
 */
export function slackWebhook(readUrl: () => Promise<Secret>, rate: NotificationTarget['rate']): NotificationTarget {
  return {
    name: 'slack-webhook',
    rate,
    inOrder: true,
    accepts: (event) => event !== 'incident_recurred',
    async deliver(notice, _part, signal) {
      const url = (await readUrl()).reveal();
      await postJson("Slack's webhook", url, JSON.stringify(slackMessage(notice)), {}, signal);
      return undefined;
    },
  };
}
