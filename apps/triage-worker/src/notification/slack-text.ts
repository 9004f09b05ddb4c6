/** Ends a text that was cut. */
const CUT = '…';
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** A single grapheme can be as long as its author likes; no script needs more. */
const LONGEST_GRAPHEME = 32;

// Terminal escape sequences; then control and format characters (bidirectional overrides, zero width), and what has no
// meaning outside of one font.
const ESCAPE_SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g;
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;

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
    .replaceAll(/[@#!]|:\/\/|(?<=\w)\.(?=\w)|[*_~`]/g, '$&\u200B');
  return clip(broken || '–', max);
}

function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replaceAll(ESCAPE_SEQUENCES, '')
    .replaceAll('\t', '    ')
    .replaceAll(UNPRINTABLE, '');
}

function clip(text: string, max: number): string {
  let clipped = '';
  // More than `max` graphemes do not fit, so no more of a long text is looked at.
  const looked = text.slice(0, max * LONGEST_GRAPHEME);
  for (const { segment } of GRAPHEMES.segment(looked)) {
    const escaped = [...segment]
      .slice(0, LONGEST_GRAPHEME)
      .map((character) => ESCAPES[character] ?? character)
      .join('');
    if (clipped.length + escaped.length > max) return `${cutTo(clipped, max - CUT.length)}${CUT}`;
    clipped += escaped;
  }
  return clipped;
}

/** The beginning of an escaped text, without half a character at its end. */
function cutTo(escaped: string, max: number): string {
  if (escaped.length <= max) return escaped;
  const cut = escaped.slice(0, max).replace(/&[a-z]{0,3}$/, '');
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}
