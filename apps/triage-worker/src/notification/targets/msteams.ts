import type { Secret } from '@nightcrier/core/settings/secret';
import type { Notice } from '../content/notice.ts';
import { factsOf, footerOf, headlineOf, paragraphsOf, statusOf } from '../content/wording.ts';
import type { NotificationTarget, TargetIdentity } from '../notification-target.ts';
import { notTheService, post, reach } from './post.ts';

/** Teams refuses messages above 28 KB. */
const LONGEST_MESSAGE = 27_000;
/** Characters of each text, tried until the message is short enough. */
const LENGTHS = [4_000, 1_500, 500, 150];
/** Workflows accept four requests a second. */
const RATE = { max: 2, duration: 1_000 };

/**
 * A workflow of Microsoft Teams that posts an adaptive card. Its messages cannot be updated. All text of clusters and agents is in
 * text runs, in which Teams reads no Markdown.
 * @param readUrl returns its URL, which is a secret
 */
export function msteams({ id, receiver }: TargetIdentity, readUrl: () => Promise<Secret>): NotificationTarget {
  return {
    id,
    receiver,
    kind: 'msteams',
    rate: RATE,
    inOrder: true,
    keepsState: false,
    async deliver(notice, _part, signal) {
      const name = 'the Teams workflow';
      const { status, text } = await post(name, (await readUrl()).reveal(), { body: messageOf(notice), signal });
      if (status !== 202) throw notTheService(name, `${status} in place of 202: ${text}`);
      return undefined;
    },
    async check(signal) {
      return reach('the Teams workflow', (await readUrl()).reveal(), signal);
    },
  };
}

function messageOf(notice: Notice): string {
  for (const length of LENGTHS) {
    const message = JSON.stringify({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: cardOf(notice, length),
        },
      ],
    });
    if (Buffer.byteLength(message) <= LONGEST_MESSAGE) return message;
  }
  return JSON.stringify({ type: 'message', attachments: [smallest(notice)] });
}

const CARD = {
  $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
  type: 'AdaptiveCard',
  version: '1.4',
  msteams: { width: 'Full' },
};
const COLORS = { critical: 'attention', warning: 'warning', info: 'accent' } as const;

function cardOf(notice: Notice, length: number): object {
  const { problem, incident } = notice;
  const color = problem.state === 'firing' ? COLORS[problem.severity] : 'good';
  const url = incident?.report_url;
  return {
    ...CARD,
    body: [
      textBlock([run(headlineOf(notice), 300, { weight: 'bolder', size: 'large', color })]),
      textBlock([run(statusOf(notice), 300, { isSubtle: true })]),
      ...factsOf(notice).map(([name, value]) =>
        textBlock([run(`${name}: `, 100, { weight: 'bolder' }), run(value, Math.min(length, 300))], 'none'),
      ),
      ...paragraphsOf(notice).flatMap(({ heading, text, steps = [] }) => [
        textBlock([run(`${heading}: `, 100, { weight: 'bolder' }), ...(text ? [run(text, length)] : [])]),
        ...steps.map((step, at) => textBlock([run(`${at + 1}. ${step}`, Math.min(length, 500))], 'none')),
      ]),
      textBlock([run(footerOf(notice), 300, { isSubtle: true, size: 'small' })]),
    ],
    ...(url !== undefined && { actions: [{ type: 'Action.OpenUrl', title: 'The whole report', url }] }),
  };
}

function smallest(notice: Notice): object {
  const content = { ...CARD, body: [textBlock([run(headlineOf(notice), 300)])] };
  return { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
}

function textBlock(inlines: object[], spacing: 'default' | 'none' = 'default'): object {
  return { type: 'RichTextBlock', spacing, inlines };
}

function run(text: string, max: number, style: object = {}): object {
  const shown = text.toWellFormed();
  const cut = shown.length <= max ? shown : `${shown.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
  return { type: 'TextRun', text: cut || '–', ...style };
}
