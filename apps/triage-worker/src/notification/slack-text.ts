import { stripVTControlCharacters } from 'node:util';

/** Ends a text that was cut. */
const CUT = '…';
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

// Control and format characters (bidirectional overrides, zero width), and what has no meaning outside of one font.
const UNPRINTABLE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

/**
 * Text for a `plain_text` object of Slack, in which nothing formats, mentions or links: printable, escaped, never empty,
 * and at most `max` long after escaping, cut visibly and between characters.
 */
export function slackText(text: string, max: number): string {
  return clip(printable(text).trim() || '–', max);
}

/** The same in one line. */
export function slackLine(text: string, max: number): string {
  return slackText(printable(text).replaceAll(/\s+/g, ' '), max);
}

/**
 * The same for the `text` of a message, which Slack shows where blocks are not: in push notifications and previews. There
 * addresses would become links, and names with @ or # could become mentions, so a zero-width space breaks them.
 */
export function slackFallback(text: string, max: number): string {
  const broken = printable(text)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[@#!]|:(?=\/\/)|(?<=\w)\.(?=\w)|[*_~`]/g, '$&\u200B');
  return clip(broken || '–', max);
}

function printable(text: string): string {
  return stripVTControlCharacters(text.toWellFormed())
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replaceAll(UNPRINTABLE, '');
}

function clip(text: string, max: number): string {
  const escaped = text.replaceAll(/[&<>]/g, (character) => ESCAPES[character] ?? character);
  if (escaped.length <= max) return escaped;
  const cut = escaped.slice(0, max - CUT.length);
  // Neither half an escape nor half a character.
  return `${cut.replace(/(?:&[a-z]{0,3}|[\uD800-\uDBFF])$/, '')}${CUT}`;
}
