/** Marks the end of a text that was cut. */
const CUT = '…';
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

// Control and format characters (bidirectional overrides, zero width), private use and unassigned characters.
const UNPRINTABLE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

/** Terminal escape sequences. Bounded: the pattern of node:util takes time quadratic in the length of hostile text. */
const ESCAPE_SEQUENCE =
  // oxlint-disable-next-line no-control-regex
  /\u001B(?:\[[0-?]{0,64}[ -/]{0,16}[@-~]|\][^\u0007\u001B]{0,200}(?:\u0007|\u001B\\)|[@-Z\\-_])/g;
/** Characters of a text that are read; Slack shows fewer. */
const MOST_READ = 100_000;

/**
 * Returns text for a `plain_text` object of Slack, which formats, mentions and links nothing: printable, escaped, never empty,
 * at most `max` characters after escaping, cut with a mark and between characters.
 */
export function slackText(text: string, max: number): string {
  return clip(printable(text).trim() || '–', max);
}

/** Returns the same in one line. */
export function slackLine(text: string, max: number): string {
  return slackText(printable(text).replaceAll(/\s+/g, ' '), max);
}

/**
 * Returns the same for the `text` of a message, which Slack shows in push notifications and previews. There addresses become
 * links, and names with @ or # mentions; a zero-width space prevents that.
 */
export function slackFallback(text: string, max: number): string {
  const broken = printable(text)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[@#!]|:(?=\/\/)|(?<=\w)\.(?=\w)|[*_~`]/g, '$&\u200B');
  return clip(broken || '–', max);
}

/** Returns text without control characters, escape sequences and invisible characters. */
export function printable(text: string): string {
  return text
    .slice(0, MOST_READ)
    .toWellFormed()
    .replaceAll(ESCAPE_SEQUENCE, '')
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
