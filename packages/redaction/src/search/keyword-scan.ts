import { Ahead } from './ahead.ts';

/** A literal at which a rule may apply. It has at least three characters. */
export interface Keyword<Rule> {
  literal: string;
  /** Default: false. Only ASCII letters are compared without case. */
  ignoreCase?: boolean;
  /** One hit for each line: the first place and the last one. Default: false, a hit for each place. */
  byLine?: boolean;
  /** Returns whether the rule can apply at a place. Default: it always can. */
  gate?: (text: string, at: number, end: number, ahead: Ahead) => boolean;
  rule: Rule;
}

/** Where a literal occurs. */
export interface KeywordHit<Rule> {
  at: number;
  /** Its last place in the line, if the keyword is searched by line; else `at`. */
  last: number;
  rule: Rule;
}

/** What {@link KeywordScan.find} found, in order. */
export interface ScanResult<Rule> {
  hits: KeywordHit<Rule>[];
  /** Runs of base64 characters of at least {@link SHORTEST_RUN}. */
  runs: [start: number, end: number][];
}

/** Characters. A shorter run of base64 holds no secret of a known form. */
export const SHORTEST_RUN = 20;

const HASHES = 1 << 15;
/** The bit that distinguishes the cases of ASCII letters. A few other characters count as equal without it as well. */
const CASE = 32;
const NONE: readonly never[] = [];
/** Bytes that are searched in a step: some 2 ms. */
const BYTES_OF_STEP = 1 << 17;
/** By character code. */
const IS_BASE64 = Uint8Array.from({ length: 128 }, (_, code) => (/[\w+/=-]/.test(String.fromCodePoint(code)) ? 1 : 0));

/** Characters that a literal can consist of. */
const ASCII = 128;

/**
 * Finds many literals in one pass over a text. Most text contains none of them, and regular expressions would take much longer to
 * find that out: each rule runs only where its literal occurs. The first three characters, five bits of each, are the index
 * of a table of what can begin a literal; letters of both cases have the same five bits. From there on a trie is followed.
 */
export class KeywordScan<Rule> {
  /** By hash, whether a literal can begin there. */
  readonly #begins = new Uint8Array(HASHES);
  /** The trie: for each node, its next node by character, 0 if there is none. Node 0 is the root. */
  readonly #next: Uint16Array;
  /** The keywords that end at a node. */
  readonly #keywordsAt: (Keyword<Rule>[] | undefined)[] = [];

  constructor(keywords: readonly Keyword<Rule>[]) {
    this.#next = new Uint16Array(ASCII * (1 + keywords.reduce((sum, { literal }) => sum + literal.length, 0)));
    let nodes = 1;
    for (const keyword of keywords) {
      const bytes = Buffer.from(keyword.literal, 'latin1');
      const [first = 0, second = 0, third = 0] = bytes;
      this.#begins[((first & 31) << 10) | ((second & 31) << 5) | (third & 31)] = 1;
      let node = 0;
      for (const byte of bytes) {
        const at = node * ASCII + (byte | CASE);
        this.#next[at] ||= nodes++;
        node = this.#next[at] ?? 0;
      }
      (this.#keywordsAt[node] ??= []).push(keyword);
    }
  }

  /** Returns whether {@link find} would find nothing. It may return false too often. */
  isWithout(text: string): boolean {
    const begins = this.#begins;
    let hash = 0;
    let run = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      hash = ((hash << 5) & (HASHES - 1)) | (code & 31);
      if (begins[hash] === 1 && at > 1) return false;
      run = IS_BASE64[code] === 1 ? run + 1 : 0;
      if (run === SHORTEST_RUN) return false;
    }
    return true;
  }

  /** Yields between steps. */
  *find(text: string): Generator<void, ScanResult<Rule>> {
    // One byte for each UTF-16 unit. A unit beyond latin1 may look like another character; rules check the text itself.
    const bytes = Buffer.from(text, 'latin1');
    const found: Found<Rule> = { hits: [], endOfLine: -1, inLine: new Map(), ahead: new Ahead(text) };
    for (let start = 0; start < bytes.length; start += BYTES_OF_STEP) {
      this.#collectHits(text, bytes, start, found);
      if (bytes.length > BYTES_OF_STEP) yield;
    }
    return { hits: found.hits, runs: base64Runs(text) };
  }

  #collectHits(text: string, bytes: Uint8Array, start: number, found: Found<Rule>): void {
    const begins = this.#begins;
    const end = Math.min(start + BYTES_OF_STEP, bytes.length);
    let hash = start === 0 ? 0 : (((bytes[start - 2] ?? 0) & 31) << 5) | ((bytes[start - 1] ?? 0) & 31);
    for (let at = start; at < end; at += 1) {
      hash = ((hash << 5) & (HASHES - 1)) | ((bytes[at] ?? 0) & 31);
      if (begins[hash] === 1 && at > 1) this.#collect(text, at - 2, found);
    }
  }

  #collect(text: string, at: number, found: Found<Rule>): void {
    let node = 0;
    for (let index = at; index < text.length; index += 1) {
      const code = text.charCodeAt(index) | CASE;
      if (code >= ASCII) return;
      node = this.#next[node * ASCII + code] ?? 0;
      if (node === 0) return;
      for (const keyword of this.#keywordsAt[node] ?? NONE) {
        const { literal, ignoreCase, byLine, gate, rule } = keyword;
        if (!ignoreCase && !text.startsWith(literal, at)) continue;
        if (gate && !gate(text, at, index + 1, found.ahead)) continue;
        if (byLine) addToLine(text, at, keyword, found);
        else found.hits.push({ at, last: at, rule });
      }
    }
  }
}

/** What was found so far. */
interface Found<Rule> {
  hits: KeywordHit<Rule>[];
  /** Of the line with the latest hit by line. */
  endOfLine: number;
  /** The hits of that line. */
  inLine: Map<Keyword<Rule>, KeywordHit<Rule>>;
  ahead: Ahead;
}

function addToLine<Rule>(text: string, at: number, keyword: Keyword<Rule>, found: Found<Rule>): void {
  if (at > found.endOfLine) {
    const end = text.indexOf('\n', at);
    found.endOfLine = end === -1 ? text.length : end;
    found.inLine.clear();
  }
  const known = found.inLine.get(keyword);
  if (known) {
    known.last = at;
    return;
  }
  const hit = { at, last: at, rule: keyword.rule };
  found.inLine.set(keyword, hit);
  found.hits.push(hit);
}

/**
 * Returns the runs of base64 characters that are at least {@link SHORTEST_RUN} long. Such a run covers a multiple of that length, so
 * that most characters need not be read.
 */
export function base64Runs(text: string): [start: number, end: number][] {
  const runs: [start: number, end: number][] = [];
  let next = 0;
  for (let at = SHORTEST_RUN - 1; at < text.length; at += SHORTEST_RUN) {
    if (at < next || !isBase64(text, at)) continue;
    let [start, end] = [at, at + 1];
    while (start > next && isBase64(text, start - 1)) start -= 1;
    while (end < text.length && isBase64(text, end)) end += 1;
    if (end - start >= SHORTEST_RUN) runs.push([start, end]);
    next = end;
  }
  return runs;
}

function isBase64(text: string, at: number): boolean {
  return IS_BASE64[text.charCodeAt(at)] === 1;
}
