import type { Secret } from '@nightcrier/core/settings/secret';
import type { SlackCard, SlackCards } from '@nightcrier/state/notifications/slack-cards';
import { createHash } from 'node:crypto';
import type { Notice } from '../content/notice.ts';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';
import { SlackApi, SlackError } from './slack-api.ts';
import { slackChange, slackMessage, slackReport } from './slack-message.ts';

export interface SlackBotOptions {
  readToken: () => Promise<Secret>;
  /** Id or name. */
  channel: string;
  /** `https://slack.com/api` */
  apiUrl: string;
  cards: SlackCards;
  rate: NotificationTarget['rate'];
  /** Set: messages get buttons, whose clicks come by this app-level token. */
  readAppToken: (() => Promise<Secret>) | undefined;
}

/** Error codes of a message that cannot be updated: it was removed, or is too old. */
const CANNOT_UPDATE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found']);
/** Changes that a person who is not looking at the channel must notice: an edit notifies nobody. */
const ALSO_IN_THREAD = new Set<Notice['event']>(['reopened', 'severity_raised']);

/**
 * A Slack app: one message per problem, which is edited from its beginning to its end, and the report in its thread. Every message
 * has its own `client_msg_id`, under which Slack accepts it once.
 */
export function slackBot(
  { id, receiver }: TargetIdentity,
  { readToken, channel, apiUrl, cards, rate, readAppToken }: SlackBotOptions,
): NotificationTarget {
  const api = new SlackApi(apiUrl, readToken);
  return {
    id,
    receiver,
    kind: 'slack-bot',
    rate,
    inOrder: true,
    keepsState: true,
    async deliver(notice, part, signal) {
      return part === 'message' ? postOrUpdate(notice, signal) : postReport(notice, signal);
    },
    async check(signal) {
      await api.test('auth.test', signal);
      if (readAppToken) await new SlackApi(apiUrl, readAppToken).test('apps.connections.open', signal);
      return 'accepted';
    },
  };

  async function postOrUpdate(notice: Notice, signal: AbortSignal): Promise<'report' | undefined> {
    const card = await cardOf(notice);
    const message = slackMessage(notice, readAppToken ? { buttonsOf: id } : {});
    if (card) {
      await update({ channel: card.channel, ts: card.ts, ...message }, signal);
      if (notice.repeat || ALSO_IN_THREAD.has(notice.event)) await postChange(notice, card, signal);
    } else {
      // The problem began before this target was configured.
      if (notice.event === 'recurred' || notice.event === 'closed') return undefined;
      const { channel: posted, ts } = await api.post(
        'chat.postMessage',
        { channel, client_msg_id: messageId(notice.id), ...message },
        signal,
      );
      await cards.set(cardKey(notice), { channel: posted, ts });
    }
    if (notice.event === 'closed') await cards.remove(cardKey(notice));
    return notice.event === 'reported' && notice.report !== undefined ? 'report' : undefined;
  }

  async function postReport(notice: Notice, signal: AbortSignal): Promise<undefined> {
    const { report, incident } = notice;
    const card = await cardOf(notice);
    if (!card || report === undefined) return;
    const thread = { channel: card.channel, thread_ts: card.ts, client_msg_id: messageId(`${notice.id}-report`) };
    await api.post('chat.postMessage', { ...thread, ...slackReport(report, incident?.report_url) }, signal);
  }

  async function postChange(notice: Notice, { channel: posted, ts }: SlackCard, signal: AbortSignal): Promise<void> {
    const reply = { channel: posted, thread_ts: ts, client_msg_id: messageId(`${notice.id}-change`) };
    await api.post('chat.postMessage', { ...reply, ...slackChange(notice) }, signal);
  }

  async function update(message: object, signal: AbortSignal): Promise<void> {
    try {
      await api.post('chat.update', message, signal);
    } catch (error) {
      if (!(error instanceof SlackError && CANNOT_UPDATE.has(error.code))) throw error;
    }
  }

  /** A message of an earlier version is that of the incident. */
  async function cardOf(notice: Notice): Promise<SlackCard | undefined> {
    const card = await cards.get(cardKey(notice));
    if (card || id !== 'slack-bot' || notice.incident === undefined) return card;
    return cards.get(notice.incident.incident_id);
  }

  function cardKey({ subject }: Notice): string {
    return id === 'slack-bot' ? subject : `${subject}@${id}`;
  }
}

/** Returns a UUID derived from the identity of a message. */
function messageId(id: string): string {
  const digits = createHash('sha256').update(id).digest('hex');
  // UUID version 8: vendor specific.
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
