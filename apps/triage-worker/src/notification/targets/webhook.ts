import type { Secret } from '@nightcrier/core/settings/secret';
import { createHmac } from 'node:crypto';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';
import { post, reach } from './post.ts';
import { webhookBody } from './webhook-body.ts';

export interface WebhookOptions {
  /** Gives the address. */
  readUrl: () => Promise<Secret>;
  /** Returns the key of the signature, if one is configured. */
  readSecret: () => Promise<Secret | undefined>;
  /** Most deliveries per second. */
  maxPerSecond: number;
}

/**
 * A webhook that receives JSON, signed according to the Standard Webhooks specification: HMAC-SHA256 over id, time and body.
 * A repeated delivery has the same id.
 */
export function webhook(
  { id, receiver }: TargetIdentity,
  { readUrl, readSecret, maxPerSecond }: WebhookOptions,
): NotificationTarget {
  return {
    id,
    receiver,
    kind: 'webhook',
    rate: { max: maxPerSecond, duration: 1_000 },
    inOrder: false,
    keepsState: false,
    async deliver(notice, _part, signal) {
      const body = JSON.stringify(webhookBody(notice));
      const secret = await readSecret();
      const timestamp = String(Math.floor(Date.now() / 1000));
      const headers = {
        'webhook-id': notice.id,
        'webhook-timestamp': timestamp,
        ...(secret && { 'webhook-signature': sign(`${notice.id}.${timestamp}.${body}`, secret) }),
      };
      await post('the webhook', (await readUrl()).reveal(), { body, headers, signal });
      return undefined;
    },
    async check(signal) {
      await readSecret();
      return reach('the webhook', (await readUrl()).reveal(), signal);
    },
  };
}

/** @param secret `whsec_` and base64 as in the specification, or any other text */
function sign(content: string, secret: Secret): string {
  const text = secret.reveal();
  const key = text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text);
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
