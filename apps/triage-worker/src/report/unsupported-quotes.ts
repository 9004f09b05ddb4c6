import type { ReportSummary } from '@nightcrier/core/incidents/report';
import { stripVTControlCharacters } from 'node:util';
import type { QuotedOutput } from './quoted-output.ts';

/** Of the first quotes that are not borne out, this much is kept. */
const MOST_QUOTES = 5;
const LONGEST_QUOTE = 200;
/** An agent can quote without end; this much is looked for. */
const MOST_LINES = 200;
const LONGEST_LINE = 1_000;
/** Fewer characters are found in anything. */
const SHORTEST = 4;

/** Where a quotation leaves something out. */
const ELISION = /\.{3,}|…|\[(?:snip|truncated|omitted)[^\]]*\]|<(?:snip|truncated|omitted)>/i;
/** A terminal escape sequence. Bounded: the pattern of node:util takes time quadratic in the length of hostile text. */
const ESCAPE_SEQUENCE =
  // oxlint-disable-next-line no-control-regex
  /\u001B(?:\[[0-?]{0,64}[ -/]{0,16}[@-~]|\][^\u0007\u001B]{0,200}(?:\u0007|\u001B\\)|[@-Z\\-_])/g;
/** What its author writes beside it. */
const REMARK = /\s+(?:#\s*)?(?:<-|←|⬅|<=).*$/;

/**
 * Of the quotes of a report, those that nothing that was recorded bears out: some line of theirs occurs nowhere. White space does not
 * count, and what is left out in a quote is not missed. No proof of anything: a caution for whoever is about to believe it.
 * @param recorded what was recorded, squeezed
 */
export function unsupportedQuotes(quotes: QuotedOutput[], recorded: string): ReportSummary['unsupported'] {
  let left = MOST_LINES;
  const lines = quotes.flatMap((quote) => {
    const looked = quote.lines.slice(0, left);
    left -= looked.length;
    const missing = looked.find((line) => !occurs(line.slice(0, LONGEST_LINE), recorded));
    return missing === undefined ? [] : [missing];
  });
  if (lines.length === 0) return undefined;
  return { count: lines.length, quotes: lines.slice(0, MOST_QUOTES).map(shown) };
}

/** A text without white space, control characters and formatting, so that two ways to print the same are the same. */
export function squeeze(text: string): string {
  return text.replaceAll(ESCAPE_SEQUENCE, '').replaceAll(/[\s\p{C}]+/gu, '');
}

function occurs(line: string, recorded: string): boolean {
  return line
    .replace(REMARK, '')
    .split(ELISION)
    .map(squeeze)
    .every((part) => part.length < SHORTEST || recorded.includes(part));
}

function shown(line: string): string {
  const text = stripVTControlCharacters(line.slice(0, LONGEST_LINE))
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\p{C}/gu, '')
    .trim();
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE - 1).toWellFormed()}…`;
}
