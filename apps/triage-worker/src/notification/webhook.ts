import type { Secret } from '@nightcrier/core/settings/secret';
import { createHmac } from 'node:crypto';
import { incidentFacts } from './incident-facts.ts';
import { isOfIncident, type News } from './news.ts';
import type { NotificationTarget } from './notification-target.ts';
import { postJson } from './post-json.ts';

export interface WebhookOptions {
  /** Gives the address. */
  readUrl: () => Promise<Secret>;
  /** Gives the key of the signature, if there is one. */
  readSecret: () => Promise<Secret | undefined>;
}

/** Deliveries in a second: what a receiver of any kind can be expected to bear. */
const RATE = { max: 50, duration: 1_000 };

/**
 * A webhook that takes JSON, signed as the Standard Webhooks specification says: HMAC-SHA256 over id, time and body. The id
 * is the same when a delivery is repeated.
 */
export function webhook({ readUrl, readSecret }: WebhookOptions): NotificationTarget {
  return {
    name: 'webhook',
    rate: RATE,
    inOrder: false,
    wants: (event) => event !== 'incident_recurred',
    async deliver(news, _part, signal) {
      const body = JSON.stringify(webhookBody(news));
      const secret = await readSecret();
      const timestamp = String(Math.floor(Date.now() / 1000));
      const headers = {
        'webhook-id': news.id,
        'webhook-timestamp': timestamp,
        ...(secret && { 'webhook-signature': sign(`${news.id}.${timestamp}.${body}`, secret) }),
      };
      await postJson('the webhook', (await readUrl()).reveal(), body, headers, signal);
      return undefined;
    },
  };
}

/** What is sent: the facts, and of an incident the whole report. */
function webhookBody(news: News): object {
  const { id, event } = news;
  if (isOfIncident(news)) return { id, event, incident: incidentFacts(news), report_markdown: news.report };
  const { event: _, since, ...agents } = news.notification;
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

/** @param secret `whsec_` and base64, as the specification writes keys, or any other text as it is */
function sign(content: string, secret: Secret): string {
  const text = secret.reveal();
  const key = text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text);
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
