import { type DecompressionBudget, decodedText, UNREAD } from './decoded-text.ts';
import type { Range } from './kept-rules.ts';
import type { KeywordHit } from './keyword-scan.ts';
import { isPrefixedToken, type TokenRule } from './token-rules.ts';
import { TokenSearch } from './token-search.ts';

/** A rule that a keyword of a token starts. */
export interface TokenHit {
  token: TokenRule;
  length: number;
}

/** Returns whether a decoded text contains a secret. */
export type ContainsSecret = (decoded: string) => Generator<void, boolean>;

/** Hits that are checked in a step. */
const HITS_OF_STEP = 1_000;

/**
 * Finds tokens of a known form, and what encodes a secret. Yields between steps.
 * @param containsSecret undefined where encoded text is not decoded any more
 * @returns the ranges in their order; they may overlap
 */
export function* findTokens(
  text: string,
  hits: readonly KeywordHit<unknown>[],
  runs: readonly Range[],
  budget: DecompressionBudget,
  containsSecret: ContainsSecret | undefined,
): Generator<void, Range[]> {
  const ranges: Range[] = [];
  const search = new TokenSearch(text);
  for (const [index, { at, rule }] of hits.entries()) {
    const token = isTokenHit(rule) ? search.tokenAt(at, rule) : undefined;
    if (token) ranges.push(token);
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
  }
  let searched = 0;
  for (const [index, [start, end]] of runs.entries()) {
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
    if (start < searched) continue;
    const last = endOfWrapped(text, start, end);
    if (last > end) searched = last;
    const run = text.slice(start, end);
    const whole = last > end ? text.slice(start, last).replaceAll(/\s|\\[nr]/g, '') : run;
    if (isTokenWithoutPrefix(run) || isPrefixedToken(run) || (yield* isEncodedSecret(whole, budget, containsSecret)))
      ranges.push([start, last]);
    else if (/^[MNO]/.test(run)) ranges.push(...discordToken(text, start));
  }
  return ranges.toSorted(([a], [b]) => a - b);
}

function isTokenHit(rule: unknown): rule is TokenHit {
  return typeof rule === 'object' && rule !== null && 'token' in rule;
}

function* isEncodedSecret(
  run: string,
  budget: DecompressionBudget,
  containsSecret: ContainsSecret | undefined,
): Generator<void, boolean> {
  if (!containsSecret) return false;
  // A name may stand before the value: `data=`.
  const encoded = run.slice(run.replace(/={1,2}$/, '').lastIndexOf('=') + 1);
  const decoded = decodedText(encoded, budget);
  if (decoded === undefined) return false;
  return decoded === UNREAD || (yield* containsSecret(decoded));
}

/** Lines that programs wrap base64 at: PEM, MIME, `base64`. */
const WRAPPED_AT: ReadonlySet<number> = new Set([60, 64, 70, 72, 76]);
/** The line break can be an escape, as it is in JSON. */
const NEXT_LINES = /(?:(?:\r?\n|(?:\\r)?\\n)[ \t]{0,40}[\w+/=-]{1,76}(?=[\s\\"']|$)){1,400}/y;

/** Returns where base64 ends that goes on in the lines below, each as long as the first one but the last. */
function endOfWrapped(text: string, start: number, end: number): number {
  const width = end - start;
  if (!WRAPPED_AT.has(width)) return end;
  NEXT_LINES.lastIndex = end;
  const below = NEXT_LINES.exec(text)?.[0];
  if (below === undefined) return end;
  let last = end;
  for (const [line, content = ''] of below.matchAll(/(?:\r?\n|(?:\\r)?\\n)[ \t]*([\w+/=-]*)/g)) {
    if (content.length > width) break;
    last += line.length;
    if (content.length < width) break;
  }
  return last;
}

/** Keys of Twilio, Mailchimp, Mailgun and New Relic. */
const NO_PREFIX = /^(?:SK[a-f\d]{32}|[a-f\d]{32}-us\d{1,2}|[a-f\d]{32}-[a-f\d]{8}-[a-f\d]{8}|[a-f\d]{36}NRAL)$/;

function isTokenWithoutPrefix(run: string): boolean {
  return run.length >= 34 && run.length <= 50 && NO_PREFIX.test(run);
}

/** A bot token of Discord has no prefix: its first part is the id of the bot in base64. */
const DISCORD = /[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}(?![\w-])/y;

function discordToken(text: string, start: number): Range[] {
  DISCORD.lastIndex = start;
  return DISCORD.test(text) ? [[start, DISCORD.lastIndex]] : [];
}
