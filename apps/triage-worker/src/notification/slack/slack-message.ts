import type { ActionsBlock, KnownBlock, PlainTextElement, RichTextBlock } from '@slack/types';
import type { Notice } from '../content/notice.ts';
import { factsOf, footerOf, headlineOf, type Paragraph, paragraphsOf, statusOf } from '../content/wording.ts';
import { inlineText, orderedList, plain, richText, section } from './rich-text.ts';
import { slackFallback, slackLine } from './slack-text.ts';

/** The fields of a message that the incoming webhook and `chat.postMessage` share. */
export interface SlackMessage {
  /** Shown where blocks are not, such as in push notifications. */
  text: string;
  blocks: KnownBlock[];
  unfurl_links: false;
  unfurl_media: false;
  link_names: false;
}

/** Slack's limits, in characters. */
const LONGEST = { fallback: 500, header: 150, value: 2_000 };
/** Of a field; Slack allows 2,000. */
const LONGEST_FACT = 300;
const MOST_FIELDS = 10;
/** Of a paragraph and a step. */
const LONGEST_PARAGRAPH = 2_500;
const LONGEST_STEP = 500;
/** Slack accepts 50 blocks, but refuses messages whose blocks are too long in total. */
const LONGEST_REPORT = 12_000;
const MOST_REPORT_BLOCKS = 45;

/** What a button does; the names are those of its clicks. */
export const SLACK_ACTIONS = ['nightcrier_acknowledge', 'nightcrier_silence', 'nightcrier_investigate'] as const;
export type SlackAction = (typeof SLACK_ACTIONS)[number];

/**
 * Returns the message for Slack. Text of clusters and agents formats at most, and links and mentions nothing.
 * @param options `buttonsOf`: the target whose operators may press its buttons; without it there are none
 */
export function slackMessage(notice: Notice, { buttonsOf }: { buttonsOf?: string } = {}): SlackMessage {
  const headline = headlineOf(notice);
  const facts = factsOf(notice).map(([name, value]) => plainText(`${name}\n${slackLine(value, LONGEST_FACT)}`));
  const fields = Array.from({ length: Math.ceil(facts.length / MOST_FIELDS) }, (_, at) =>
    facts.slice(at * MOST_FIELDS, (at + 1) * MOST_FIELDS),
  );
  return {
    text: slackFallback(headline, LONGEST.fallback),
    blocks: [
      { type: 'header', text: plainText(slackLine(headline, LONGEST.header)) },
      { type: 'context', elements: [plainText(slackLine(statusOf(notice), LONGEST_FACT))] },
      ...fields.map((group): KnownBlock => ({ type: 'section', fields: group })),
      ...paragraphsOf(notice).map((paragraph) => paragraphBlock(paragraph)),
      ...linkBlock(notice.incident?.report_url),
      ...(buttonsOf === undefined ? [] : buttonsBlock(notice, buttonsOf)),
      { type: 'context', elements: [plainText(slackLine(footerOf(notice), LONGEST_FACT))] },
    ],
    ...NOTHING_LINKED,
  };
}

const NOTHING_LINKED = { unfurl_links: false, unfurl_media: false, link_names: false } as const;

/** Returns the report for the thread of its problem's message, cut to Slack's limits. */
export function slackReport(report: string, reportUrl: string | undefined): SlackMessage {
  const text = cutText(report, LONGEST_REPORT);
  const blocks = richText(text).slice(0, MOST_REPORT_BLOCKS);
  return { text: 'Report', blocks: [...blocks, ...linkBlock(reportUrl)], ...NOTHING_LINKED };
}

/** Returns a short message for the thread: what has changed. */
export function slackChange(notice: Notice): SlackMessage {
  const headline = headlineOf(notice);
  const blocks: KnownBlock[] = [
    { type: 'context', elements: [plainText(slackLine(`${headline}. ${statusOf(notice)}`, LONGEST_FACT))] },
  ];
  return { text: slackFallback(headline, LONGEST.fallback), blocks, ...NOTHING_LINKED };
}

function paragraphBlock({ heading, text, steps }: Paragraph): RichTextBlock {
  if (steps) {
    const items = steps
      .map((step) => inlineText(cutText(step, LONGEST_STEP)))
      .filter((item) => item.some(({ text: shown }) => shown.trim() !== ''));
    const list = items.length === 0 ? [] : [orderedList(items)];
    return { type: 'rich_text', elements: [section([plain(`${heading}:`, { bold: true })]), ...list] };
  }
  const lines = cutText(text ?? '', LONGEST_PARAGRAPH).split('\n');
  const parts = lines.flatMap((line, at) => [...(at === 0 ? [] : [plain('\n')]), ...inlineText(line)]);
  return { type: 'rich_text', elements: [section([plain(`${heading}: `, { bold: true }), ...parts])] };
}

/** Returns the buttons of a problem that is firing. */
function buttonsBlock({ problem, subject, sequence }: Notice, target: string): KnownBlock[] {
  const value = JSON.stringify({ cluster: problem.cluster, key: problem.key, target });
  if (problem.state !== 'firing' || sequence === undefined || value.length > LONGEST.value) return [];
  const button = (action_id: SlackAction, text: string): ActionsBlock['elements'][number] => ({
    type: 'button',
    action_id,
    text: plainText(text),
    value,
  });
  const elements = [
    ...(problem.acknowledged ? [] : [button('nightcrier_acknowledge', 'Acknowledge')]),
    button('nightcrier_silence', 'Silence 4 h'),
    ...(problem.component === undefined ? [button('nightcrier_investigate', 'Investigate again')] : []),
  ];
  return [{ type: 'actions', block_id: `actions-${subject}`.slice(0, 255), elements }];
}

/** Returns the only link: the configured `public_url` and the incident's id. */
function linkBlock(url: string | undefined): KnownBlock[] {
  if (url === undefined) return [];
  const address = url.replaceAll(/[<>|]/g, encodeURIComponent).replaceAll('&', '&amp;');
  return [{ type: 'context', elements: [{ type: 'mrkdwn', text: `<${address}|The whole report>`, verbatim: true }] }];
}

function plainText(text: string): PlainTextElement {
  return { type: 'plain_text', text, emoji: false };
}

function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
