import type { Secret } from '@nightcrier/core/settings/secret';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';
import { DeliveryError } from '../delivery-error.ts';
import { notTheService, post } from '../targets/post.ts';
import { slackMessage } from './slack-message.ts';

/**
 * An incoming webhook of Slack. Its messages cannot be updated.
 * @param readUrl returns its URL, which is a secret
 */
export function slackWebhook(
  { id, receiver }: TargetIdentity,
  readUrl: () => Promise<Secret>,
  rate: NotificationTarget['rate'],
): NotificationTarget {
  return {
    id,
    receiver,
    kind: 'slack-webhook',
    rate,
    inOrder: true,
    keepsState: false,
    async deliver(notice, _part, signal) {
      const name = "Slack's webhook";
      const body = JSON.stringify(slackMessage(notice));
      const { text } = await post(name, (await readUrl()).reveal(), { body, signal });
      if (text.trim() !== 'ok') throw notTheService(name, text);
      return undefined;
    },
    async check(signal) {
      const name = "Slack's webhook";
      try {
        const { text } = await post(name, (await readUrl()).reveal(), { body: '{}', signal });
        throw notTheService(name, text);
      } catch (error) {
        // How Slack refuses a message without text, after it has found the webhook.
        if (error instanceof DeliveryError && error.message.endsWith(': no_text')) return 'accepted';
        throw error;
      }
    },
  };
}
