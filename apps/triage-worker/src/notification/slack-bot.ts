import type { Secret } from '@nightcrier/core/settings/secret';
import type { SlackCards } from '@nightcrier/state/notifications/slack-cards';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DeliveryError } from './delivery-error.ts';
import { type IncidentNotice, isIncidentNotice, type Notice } from './notice.ts';
import type { NotificationTarget } from './notification-target.ts';
import { postJson } from './post-json.ts';
import { slackMessage, slackReport } from './slack-message.ts';

export interface SlackBotOptions {
  readToken: () => Promise<Secret>;
  /** Id or name. */
  channel: string;
  /** `https://slack.com/api` */
  apiUrl: string;
  cards: SlackCards;
  rate: NotificationTarget['rate'];
}

const Answer = z.union([
  z.object({ ok: z.literal(true), channel: z.string(), ts: z.string() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** Error codes of a message that Slack will never accept. */
const REFUSED =
  /^(?:invalid_blocks|invalid_blocks_format|msg_too_long|msg_blocks_too_long|no_text|invalid_arg|invalid_json)/;
/** Error codes of a message that cannot be updated: it was removed, or is too old. */
const CANNOT_UPDATE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found']);

/**
 * A Slack app: one message per incident, which is updated when the fault recurs, and the report in its thread. Every message
 * has its own `client_msg_id`, under which Slack accepts it once.
 */
export function slackBot({ readToken, channel, apiUrl, cards, rate }: SlackBotOptions): NotificationTarget {
  return {
    name: 'slack-bot',
    rate,
    inOrder: true,
    accepts: () => true,
    async deliver(notice, part, signal) {
      if (!isIncidentNotice(notice)) return post(notice, signal);
      return part === 'message' ? postOrUpdate(notice, signal) : postReport(notice, signal);
    },
  };

  async function post(notice: Notice, signal: AbortSignal): Promise<undefined> {
    await call('chat.postMessage', { channel, client_msg_id: messageId(notice.id), ...slackMessage(notice) }, signal);
  }

  async function postOrUpdate(notice: IncidentNotice, signal: AbortSignal): Promise<'report' | undefined> {
    const { incident_id } = notice.incident;
    const card = await cards.get(incident_id);
    if (card) {
      await update({ ...card, ...slackMessage(notice) }, signal);
    } else {
      // The incident ended before this target was configured.
      if (notice.event === 'incident_recurred') return undefined;
      const message = { channel, client_msg_id: messageId(notice.id), ...slackMessage(notice) };
      const { channel: posted, ts } = await call('chat.postMessage', message, signal);
      await cards.set(incident_id, { channel: posted, ts });
    }
    return notice.event !== 'incident_recurred' && notice.report !== undefined ? 'report' : undefined;
  }

  async function postReport(
    { id, incident, report, reportUrl }: IncidentNotice,
    signal: AbortSignal,
  ): Promise<undefined> {
    const card = await cards.get(incident.incident_id);
    if (!card || report === undefined) return;
    const thread = { channel: card.channel, thread_ts: card.ts, client_msg_id: messageId(`${id}-report`) };
    await call('chat.postMessage', { ...thread, ...slackReport(report, reportUrl) }, signal);
  }

  async function update(message: object, signal: AbortSignal): Promise<void> {
    try {
      await call('chat.update', message, signal);
    } catch (error) {
      if (!(error instanceof SlackError && CANNOT_UPDATE.has(error.code))) throw error;
    }
  }

  async function call(method: string, message: object, signal: AbortSignal): Promise<{ channel: string; ts: string }> {
    const headers = { authorization: `Bearer ${(await readToken()).reveal()}` };
    const url = `${apiUrl.replace(/\/+$/, '')}/${method}`;
    const text = await postJson(`Slack's ${method}`, url, JSON.stringify(message), headers, signal);
    const answer = parseAnswer(method, text);
    if (answer.ok) return answer;
    throw new SlackError(method, answer.error);
  }
}

class SlackError extends DeliveryError {
  readonly code: string;

  constructor(method: string, code: string) {
    super(`Slack's ${method} answered ${code}`, { kind: REFUSED.test(code) ? 'refused' : 'failed' });
    this.code = code;
  }
}

function parseAnswer(method: string, text: string): z.infer<typeof Answer> {
  try {
    return Answer.parse(JSON.parse(text));
  } catch (cause) {
    throw new DeliveryError(`Slack's ${method} answered with invalid JSON`, { kind: 'failed' }, { cause });
  }
}

/** Returns a UUID derived from the identity of a message. */
function messageId(id: string): string {
  const digits = createHash('sha256').update(id).digest('hex');
  // UUID version 8: vendor specific.
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
