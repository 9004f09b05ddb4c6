import type { Secret } from '@nightcrier/core/settings/secret';
import { createHmac } from 'node:crypto';
import { publicEvent } from '@nightcrier/core/incidents/notification';
import { incidentFacts } from './incident-facts.ts';
import { isIncidentNotice, type Notice } from './notice.ts';
import type { NotificationTarget } from './notification-target.ts';
import { postJson } from './post-json.ts';

export interface WebhookOptions {
  /** Gives the address. */
  readUrl: () => Promise<Secret>;
  /** Returns the key of the signature, if one is configured. */
  readSecret: () => Promise<Secret | undefined>;
}

/** Deliveries per second, low enough for any receiver. */
const RATE = { max: 50, duration: 1_000 };

/**
 * A webhook that receives JSON, signed according to the Standard Webhooks specification: HMAC-SHA256 over id, time and body.
 * A repeated delivery has the same id.
 */
export function webhook({ readUrl, readSecret }: WebhookOptions): NotificationTarget {
  return {
    name: 'webhook',
    rate: RATE,
    inOrder: false,
    accepts: (event) => event !== 'incident_recurred',
    async deliver(notice, _part, signal) {
      const body = JSON.stringify(webhookBody(notice));
      const secret = await readSecret();
      const timestamp = String(Math.floor(Date.now() / 1000));
      const headers = {
        'webhook-id': notice.id,
        'webhook-timestamp': timestamp,
        ...(secret && { 'webhook-signature': sign(`${notice.id}.${timestamp}.${body}`, secret) }),
      };
      await postJson('the webhook', (await readUrl()).reveal(), body, headers, signal);
      return undefined;
    },
  };
}

/** Returns the body: the facts, and for an incident the whole report. */
function webhookBody(notice: Notice): object {
  const { id, event } = notice;
  if (isIncidentNotice(notice))
    return { id, event: publicEvent(event), incident: incidentFacts(notice), report_markdown: notice.report };
  const { event: _, since, ...agents } = notice.notification;
  return {
    id,
    event,
    agents: {
      since: new Date(since).toISOString(),
      ...agents,
      ...('at' in agents && { at: new Date(agents.at).toISOString() }),
    },
  };
}

/** @param secret `whsec_` and base64 as in the specification, or any other text */
function sign(content: string, secret: Secret): string {
  const text = secret.reveal();
  const key = text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text);
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
