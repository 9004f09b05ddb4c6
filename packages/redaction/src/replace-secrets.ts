import { COMMAND_RULES } from './rules/command-rules.ts';
import {
  redactAuthorization,
  redactCookies,
  redactDirectives,
  redactEncodedUrls,
  redactGoDsn,
  redactJsonWebKeys,
  redactMarked,
  redactTables,
  redactUrls,
} from './rules/context-rules.ts';
import { redactKeyBlocks } from './rules/key-blocks.ts';
import type { Range } from './search/kept-rules.ts';
import { type Keyword, type KeywordHit, KeywordScan, type ScanResult } from './search/keyword-scan.ts';
import { isTableHeader, redactBlocks, redactManifests, redactTableColumns } from './rules/multi-line.ts';
import { redactChanges, redactNamedValues } from './rules/named-values.ts';
import { PHRASE_RULES } from './rules/phrase-rules.ts';
import { REDACTED } from './redacted.ts';
import { isPrefixedToken, TOKEN_KEYWORDS, type TokenRule } from './search/token-rules.ts';
import { TokenSearch } from './search/token-search.ts';

type TextRule = (text: string) => string;
type Rule = { token: TokenRule; length: number } | { text: readonly TextRule[] };

const NAMES = ['password', 'secret', 'token', 'key', 'passwd', 'passphrase'];

/** The rules that need the text around a word, and the words. Rules of one word run in this order. */
const TEXT_RULES: readonly (readonly [rule: TextRule, ...words: string[]])[] = [
  [redactUrls, '://', ':thin:'],
  [redactEncodedUrls, '%3a%2f%2f'],
  [redactGoDsn, '@tcp(', '@unix('],
  [redactAuthorization, 'bearer', 'basic', 'authorization'],
  [redactCookies, 'cookie'],
  ...COMMAND_RULES,
  [
    redactMarked,
    ':aa',
    '8q~',
    '7q~',
    '.atlasv1.',
    ':apa91b',
    '?key=',
    '&key=',
    'auth"',
    'auth\\"',
    '_mmk',
    '?code=',
    '&code=',
  ],
  [redactMarked, ':5432:', ':3306:', ':27017:', ':6379:', ':*:'],
  [redactJsonWebKeys, '"kty"'],
  ...PHRASE_RULES,
  [redactTables, ...NAMES.flatMap((name) => ['', '`', '*'].map((end) => `${name}${end} |`))],
  [redactDirectives, ...NAMES.flatMap((name) => ['"', "'", ' ', '=', ':'].map((end) => name + end))],
  [redactTableColumns, 'password,', ',password', 'secret,', ',secret', 'token,', ',token', 'key,', '_key\n'],
  [redactBlocks, ': |\n', ': >', ' <<', '=<<', ': |-'],
  [
    redactNamedValues,
    'pass',
    'pwd',
    'secret',
    'token',
    'credential',
    'creds',
    'dsn',
    'jwt',
    'otp',
    'mnemonic',
    'phrase',
    'psk',
    'erlang',
    'unseal',
    'pw=',
    'pw:',
    'pw"',
    "pw'",
  ],
  [
    redactNamedValues,
    'webhook',
    'sig=',
    'signature',
    'jsessionid',
    'phpsessid',
    '_auth',
    'authorization',
    '_key',
    '-key',
  ],
  [
    redactNamedValues,
    '.key',
    'key=',
    'key:',
    'key"',
    "key'",
    'key\\',
    'key>',
    'key]',
    'key =',
    'key :',
    'key_id',
    'keyid',
  ],
  [redactNamedValues, '_salt', 'code_verifier', 'samlre', 'assertion', ' key:', ' key='],
  [redactNamedValues, 'sessionid', 'session_id', 'session-id', 'connect.sid'],
  [redactNamedValues, 'connstr', 'connectionstring', 'connection_string', 'connection-string'],
  [redactChanges, ' -> "', " -> '", ' => "'],
];

const WORDS = new Set(TEXT_RULES.flatMap(([, ...words]) => words));
const KEYWORDS: Keyword<Rule>[] = [
  ...TOKEN_KEYWORDS,
  ...Array.from(WORDS, (literal) => {
    const text = TEXT_RULES.filter(([, ...words]) => words.includes(literal)).map(([rule]) => rule);
    return { literal, ignoreCase: true, byLine: true, rule: { text } };
  }),
];
const SCAN = new KeywordScan<Rule>(KEYWORDS);
const ORDER = new Map(TEXT_RULES.map(([rule], index) => [rule, index]));

/** Secrets can be encoded within encoded text, such as a Secret in a Secret. */
const DEEPEST_ENCODING = 3;

/** Redacts secrets of a known form, values with secret-looking names, and what decodes to either. Yields between steps. */
export function* replaceSecrets(text: string, depth = 0): Generator<void, string> {
  const keyless = redactManifests(yield* redactKeyBlocks(text));
  if (text.length > LONGEST_PIECE) yield;
  const found = yield* SCAN.find(keyless);
  const tokenless = yield* withoutTokens(keyless, found, depth);
  return yield* applyTextRules(tokenless, tokenless === keyless ? found : yield* SCAN.find(tokenless));
}

/** Hits that are checked in a step. */
const HITS_OF_STEP = 1_000;

function* withoutTokens(text: string, { hits, runs }: ScanResult<Rule>, depth: number): Generator<void, string> {
  const ranges: Range[] = [];
  const search = new TokenSearch(text);
  for (const [index, { at, rule }] of hits.entries()) {
    const token = 'token' in rule ? search.tokenAt(at, rule) : undefined;
    if (token) ranges.push(token);
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
  }
  let searched = 0;
  for (const [index, [start, end]] of runs.entries()) {
    if (start < searched) continue;
    const run = text.slice(start, end);
    const last = endOfWrapped(text, start, end);
    if (last > end) searched = last;
    const whole = last > end ? text.slice(start, last).replaceAll(/\s/g, '') : run;
    if ((yield* isEncodedSecret(whole, depth)) || isPrefixedToken(run)) ranges.push([start, last]);
    else if (/^[MNO]/.test(run)) ranges.push(...discordToken(text, start));
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
  }
  return cutOut(
    text,
    ranges.toSorted(([a], [b]) => a - b),
  );
}

/**
 * Replaces ranges of a text.
 * @param ranges in their order; they may overlap
 */
export function cutOut(text: string, ranges: readonly (readonly [start: number, end: number])[]): string {
  if (ranges.length === 0) return text;
  const parts: string[] = [];
  let position = 0;
  for (const [start, end] of ranges) {
    if (start >= position) parts.push(text.slice(position, start), REDACTED);
    position = Math.max(position, end);
  }
  parts.push(text.slice(position));
  return parts.join('');
}

/** Lines that programs wrap base64 at: PEM, MIME, `base64`. */
const WRAPPED_AT: ReadonlySet<number> = new Set([60, 64, 70, 72, 76]);
const NEXT_LINES = /(?:\r?\n[ \t]{0,40}[\w+/=-]{1,76}(?=\s|$)){1,400}/y;

/** Returns where base64 ends that goes on in the lines below, each as long as the first one but the last. */
function endOfWrapped(text: string, start: number, end: number): number {
  const width = end - start;
  if (!WRAPPED_AT.has(width)) return end;
  NEXT_LINES.lastIndex = end;
  const below = NEXT_LINES.exec(text)?.[0];
  if (below === undefined) return end;
  let last = end;
  for (const line of below.split('\n').slice(1)) {
    const length = line.trim().length;
    if (length > width) break;
    last += line.length + 1;
    if (length < width) break;
  }
  return last;
}

/** Keys of Twilio, Mailchimp and Mailgun. */
const NO_PREFIX = /^(?:SK[a-f\d]{32}|[a-f\d]{32}-us\d{1,2}|[a-f\d]{32}-[a-f\d]{8}-[a-f\d]{8})$/;

/** A bot token of Discord has no prefix: its first part is the id of the bot in base64. */
const DISCORD = /[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}(?![\w-])/y;

function discordToken(text: string, start: number): [start: number, end: number][] {
  DISCORD.lastIndex = start;
  return DISCORD.test(text) ? [[start, DISCORD.lastIndex]] : [];
}

/** Returns whether a run of base64 characters is a token without a prefix, or decodes to text with a secret. */
function* isEncodedSecret(run: string, depth: number): Generator<void, boolean> {
  if (NO_PREFIX.test(run)) return true;
  if (depth >= DEEPEST_ENCODING) return false;
  // A name may stand before the value: `data=`.
  const encoded = run.slice(run.replace(/={1,2}$/, '').lastIndexOf('=') + 1);
  if (!BEGIN_OF_TEXT.test(encoded) || !isTextWhenDecoded(encoded.slice(0, 16))) return false;
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  return (yield* replaceSecrets(decoded, depth + 1)) !== decoded;
}

/** The first character of the base64 form of printable text. */
const BEGIN_OF_TEXT = /^[CDI-Za-f]/;

function isTextWhenDecoded(encoded: string): boolean {
  return /^[\t\n\r\u{20}-\u{7e}]{6,}$/u.test(Buffer.from(encoded, 'base64').toString('latin1'));
}

/** Lines behind the one with the word that its rules see as well, if that line ends with the name: its value is on one of them. */
const LINES_BEHIND = 2;
/** What follows the word then, within its line. */
const END_OF_NAME = /^\S{1,60}\r?$|^[^\n]{1,60}[:|>{][-+\d]{0,2}\s?$/;
/** The same, where a block of lines follows. */
const BEGIN_OF_BLOCK = /[:=]\s{0,4}(?:[|>][-+\d]{0,2}|<<[-~]?["']?\w{1,20}["']?)\s{0,8}$/;
const LONGEST_BLOCK = 4_000;

function* applyTextRules(text: string, { hits }: ScanResult<Rule>): Generator<void, string> {
  const parts: string[] = [];
  let position = 0;
  for (const { start, end, rules } of yield* regions(text, hits)) {
    const ordered = [...rules].toSorted((a, b) => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0));
    parts.push(text.slice(position, start));
    for (const piece of pieces(text.slice(start, end))) {
      let rest = piece;
      for (const rule of ordered) {
        rest = rule(rest);
        if (piece.length > LONGEST_PIECE / 4) yield;
      }
      parts.push(rest);
    }
    position = end;
    if (text.length > LONGEST_PIECE) yield;
  }
  if (position === 0) return text;
  parts.push(text.slice(position));
  return parts.join('');
}

/** Characters to which rules are applied at once. */
const LONGEST_PIECE = 32_000;
/** Where a long text can be cut: before a name, and not within a value. */
const BREAK = /[\s,;&{}[\]]["']?(?=[\w-]{0,100}$)/;

/** Cuts a long text, such as a megabyte of JSON in one line. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  while (text.length - start > LONGEST_PIECE) {
    const end = start + LONGEST_PIECE;
    const newline = text.lastIndexOf('\n', end);
    const found_at = newline > start + LONGEST_PIECE / 2 ? newline + 1 : breakBefore(text, end);
    found.push(text.slice(start, found_at));
    start = found_at;
  }
  found.push(text.slice(start));
  return found;
}

function breakBefore(text: string, end: number): number {
  const before = text.slice(end - 500, end);
  const match = BREAK.exec(before);
  return match ? end - 500 + match.index + 1 : end;
}

/** Lines that are searched together. */
interface Region {
  start: number;
  end: number;
  rules: Set<TextRule>;
}

function* regions(text: string, hits: readonly KeywordHit<Rule>[]): Generator<void, Region[]> {
  const found: Region[] = [];
  let region: Region | undefined;
  let line = { start: 0, end: -1 };
  /** The place whose value was searched last. */
  let seen = -1;
  for (const [index, { at, last, rule }] of hits.entries()) {
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
    if (!('text' in rule)) continue;
    if (at > line.end) line = lineAt(text, at);
    if (!region || at >= region.end) {
      region = { start: line.start, end: Math.min(line.end + 1, text.length), rules: new Set() };
      found.push(region);
    }
    for (const each of rule.text) region.rules.add(each);
    for (const place of [at, last]) {
      if (place === seen) continue;
      region.end = Math.max(region.end, endOfValue(text, place, line.end));
      seen = place;
    }
  }
  return yield* joined(found);
}

/** Characters to which regions are joined. What is longer than a piece would be cut. */
const LONGEST_JOINED = LONGEST_PIECE / 4;

/** Joins regions that follow each other and have the same rules: a text can consist of short lines with names. */
function* joined(found: readonly Region[]): Generator<void, Region[]> {
  const all: Region[] = [];
  for (const [index, region] of found.entries()) {
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
    const before = all.at(-1);
    const isNext = before?.end === region.start && region.end - before.start <= LONGEST_JOINED;
    if (isNext && haveSameRules(before, region)) before.end = region.end;
    else all.push(region);
  }
  return all;
}

function haveSameRules({ rules }: Region, other: Region): boolean {
  return rules.size === other.rules.size && [...rules].every((rule) => other.rules.has(rule));
}

function lineAt(text: string, at: number): { start: number; end: number } {
  const end = text.indexOf('\n', at);
  return { start: text.lastIndexOf('\n', at - 1) + 1, end: end === -1 ? text.length : end };
}

function endOfLineAt(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline + 1;
}

/** Returns whether a word is a column in the first line of a table: names with commas between them, and nothing else. */
function isHeaderOfTable(text: string, at: number, end: number): boolean {
  if (!/^[\w -]{2,40}(?:,|\r?$)/.test(text.slice(at, end))) return false;
  return isTableHeader(text.slice(text.lastIndexOf('\n', at) + 1, end));
}

/** Returns the end of the lines that can contain the value of a name. */
function endOfValue(text: string, at: number, endOfLine: number): number {
  let end = endOfLine;
  if (end - at <= 80 && BEGIN_OF_BLOCK.test(text.slice(at, end))) return endOfLineAt(text, end + LONGEST_BLOCK);
  if (end - at <= 200 && isHeaderOfTable(text, at, end)) return endOfLineAt(text, end + LONGEST_BLOCK);
  if (end - at > 80 || !END_OF_NAME.test(text.slice(at, end))) return Math.min(end + 1, text.length);
  for (let line = 0; line < LINES_BEHIND && end !== -1; line += 1) end = text.indexOf('\n', end + 1);
  return end === -1 ? text.length : end + 1;
}
