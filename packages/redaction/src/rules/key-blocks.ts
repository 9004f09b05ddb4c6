import { REDACTED } from '../redacted.ts';

const KIND = '(?:[A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V\\d)-----';
const BEGIN = new RegExp(`-----BEGIN ?${KIND}`, 'g');
const END = new RegExp(`-----END ?${KIND}`, 'g');
/** A log can be cut off within a key. */
const CUT_OFF = /(?:(?:\s|\\[rn]){1,6}[A-Za-z0-9+/=]{16,200}){0,400}/y;
const PUTTY = /(Private-Lines: ?\d{1,4})(?:(?:\s|\\[rn]){1,4}[A-Za-z0-9+/=]{16,200}){1,400}/g;

/** Keys that are redacted in a step. */
const BLOCKS_OF_STEP = 200;

/** Characters. What is longer is no key. */
const LONGEST_KEY = 20_000;

/** Redacts private keys: PEM, OpenSSH, PGP and PuTTY. Yields between steps. */
export function* redactKeyBlocks(text: string): Generator<void, string> {
  let rest = text;
  // The search for a cut block in base64 text is expensive.
  if (rest.includes('PRIVATE KEY') || rest.includes('OpenVPN Static key'))
    rest = yield* redactEnds(yield* redactBegun(rest));
  return rest.includes('Private-Lines:') ? rest.replace(PUTTY, `$1\n${REDACTED}`) : rest;
}

/** Redacts from the begin of each key to its end, or as far as the text looks like a key. */
function* redactBegun(text: string): Generator<void, string> {
  const ends = Array.from(text.matchAll(END), (match) => ({ at: match.index, end: match.index + match[0].length }));
  const parts: string[] = [];
  let [position, next] = [0, 0];
  let count = 0;
  for (const { index: start, 0: begin } of text.matchAll(BEGIN)) {
    if (++count % BLOCKS_OF_STEP === 0) yield;
    if (start < position) continue;
    while ((ends[next]?.at ?? Infinity) < start) next += 1;
    const end = ends[next];
    const behind = start + begin.length;
    const last = end && end.at - start < LONGEST_KEY ? end.end : endOfCut(text, behind);
    // The begin alone, as in "expected -----BEGIN PRIVATE KEY-----", is no key.
    if (last === behind) continue;
    parts.push(text.slice(position, start), REDACTED);
    position = last;
  }
  parts.push(text.slice(position));
  return parts.join('');
}

function endOfCut(text: string, from: number): number {
  CUT_OFF.lastIndex = from;
  return CUT_OFF.test(text) ? CUT_OFF.lastIndex : from;
}

/** Redacts the rest of keys whose begin is missing: the lines of base64 before the end. */
function* redactEnds(text: string): Generator<void, string> {
  const parts: string[] = [];
  let position = 0;
  let count = 0;
  for (const { index: at, 0: end } of text.matchAll(END)) {
    if (++count % BLOCKS_OF_STEP === 0) yield;
    const start = startOfRest(text, at, Math.max(position, at - LONGEST_KEY));
    if (start === at) continue;
    parts.push(text.slice(position, start), REDACTED);
    position = at + end.length;
  }
  parts.push(text.slice(position));
  return parts.join('');
}

/** A line of base64, and the break behind it; in JSON the break is escaped. */
const LINE_BEFORE = /(?:^|[^A-Za-z0-9+/=\\]|(?<=\\)[rn])([A-Za-z0-9+/=]{4,76}(?:\s|\\[rn]){1,4})$/;

function startOfRest(text: string, end: number, first: number): number {
  let start = end;
  for (;;) {
    const line = LINE_BEFORE.exec(text.slice(Math.max(first, start - 90), start))?.[1];
    if (line === undefined) return start;
    start -= line.length;
  }
}
