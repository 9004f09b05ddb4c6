/** A literal at which a rule may apply. It has at least three characters. */
export interface Keyword<Rule> {
  literal: string;
  /** Default: false. Only ASCII letters are compared without case. */
  ignoreCase?: boolean;
  rule: Rule;
}

/** Where a literal occurs. */
export interface KeywordHit<Rule> {
  at: number;
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
/** Bytes that are searched in a step: some 2 ms. */
const BYTES_OF_STEP = 1 << 17;
/** By character code. */
const IS_BASE64 = Uint8Array.from({ length: 128 }, (_, code) => (/[\w+/=-]/.test(String.fromCodePoint(code)) ? 1 : 0));

/**
 * Finds many literals in one pass over a text. Most text contains none of them, and regular expressions would take much longer to
 * find that out: each rule runs only where its literal occurs. The first three characters, five bits of each, are the index
 * of a table; letters of both cases have the same five bits.
 */
export class KeywordScan<Rule> {
  readonly #buckets: Keyword<Rule>[][] = [[]];
  readonly #bucketOf = new Uint16Array(HASHES);

  constructor(keywords: readonly Keyword<Rule>[]) {
    for (const keyword of keywords) this.#add(keyword);
  }

  /** Yields between steps. */
  *find(text: string): Generator<void, ScanResult<Rule>> {
    // One byte for each UTF-16 unit. A unit beyond latin1 may look like another character; rules check the text itself.
    const bytes = Buffer.from(text, 'latin1');
    const hits: KeywordHit<Rule>[] = [];
    for (let start = 0; start < bytes.length; start += BYTES_OF_STEP) {
      this.#collectHits(text, bytes, start, hits);
      if (bytes.length > BYTES_OF_STEP) yield;
    }
    return { hits, runs: base64Runs(text) };
  }

  #collectHits(text: string, bytes: Uint8Array, start: number, hits: KeywordHit<Rule>[]): void {
    const bucketOf = this.#bucketOf;
    const end = Math.min(start + BYTES_OF_STEP, bytes.length);
    let hash = start === 0 ? 0 : (((bytes[start - 2] ?? 0) & 31) << 5) | ((bytes[start - 1] ?? 0) & 31);
    for (let at = start; at < end; at += 1) {
      hash = ((hash << 5) & (HASHES - 1)) | ((bytes[at] ?? 0) & 31);
      const bucket = bucketOf[hash] ?? 0;
      if (bucket !== 0) this.#collect(text, at - 2, bucket, hits);
    }
  }

  #add(keyword: Keyword<Rule>): void {
    const [first = 0, second = 0, third = 0] = Buffer.from(keyword.literal, 'latin1');
    const hash = ((first & 31) << 10) | ((second & 31) << 5) | (third & 31);
    const bucket = this.#bucketOf[hash] ?? 0;
    if (bucket === 0) this.#bucketOf[hash] = this.#buckets.push([keyword]) - 1;
    else this.#buckets[bucket]?.push(keyword);
  }

  #collect(text: string, at: number, bucket: number, hits: KeywordHit<Rule>[]): void {
    for (const { literal, ignoreCase, rule } of this.#buckets[bucket] ?? []) {
      if (ignoreCase ? beginsWith(text, at, literal) : text.startsWith(literal, at)) hits.push({ at, rule });
    }
  }
}

/** Compares without the bit that distinguishes the cases of ASCII letters. A few other characters count as equal as well. */
function beginsWith(text: string, at: number, literal: string): boolean {
  for (let index = 0; index < literal.length; index += 1) {
    if ((text.charCodeAt(at + index) | 32) !== (literal.charCodeAt(index) | 32)) return false;
  }
  return true;
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
