import { redactValue } from '@nightcrier/redaction/redact-value';

/** Longest object in a watch, in characters. */
const LONGEST_EVENT = 16 * 1024 * 1024;

/** Returns the JSON of an answer without secrets. @throws SyntaxError when it is not JSON */
export async function redactJson(body: string): Promise<string> {
  return JSON.stringify(await redactValue(JSON.parse(body)));
}

/** Redacts the events of a watch, one line each, as they come. Counts what it returns. */
export async function* redactEvents(chunks: AsyncIterable<Buffer>, passed: PassedBytes): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_EVENT) throw new Error('an event of the watch is too long');
    yield await redactLines(lines, passed);
  }
  yield await redactLines([rest], passed);
}

async function redactLines(lines: string[], passed: PassedBytes): Promise<Buffer> {
  const redacted = await Promise.all(lines.filter((line) => line.trim() !== '').map(redactJson));
  const content = Buffer.from(redacted.map((line) => `${line}\n`).join(''));
  const excess = passed.add(content);
  if (excess) throw excess;
  return content;
}

/** Bytes that are kept of the begin of an answer, and of its end. */
const SAMPLED = 32 * 1024;

/** Returns an answer, without its middle if it is long. */
export function sampleOf(content: Buffer): Buffer {
  if (content.length <= 2 * SAMPLED) return content;
  return Buffer.concat([content.subarray(0, SAMPLED), Buffer.from('\n'), content.subarray(-SAMPLED)]);
}

/** Counts the bytes of an answer up to a limit, and keeps a sample of them. Copies at most the sample, whatever passes. */
export class PassedBytes {
  readonly #limit: number;
  readonly #begin = Buffer.alloc(SAMPLED);
  /** A ring: byte n after the begin is at n modulo its length. */
  #end: Buffer | undefined;
  bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns an error when the answer is longer than the limit. */
  add(chunk: Buffer): Error | undefined {
    const before = this.bytes;
    this.bytes += chunk.length;
    if (this.bytes > this.#limit) return new Error(`the answer has more than ${this.#limit} bytes`);
    const taken = before < SAMPLED ? chunk.copy(this.#begin, before) : 0;
    if (taken < chunk.length) this.#addToEnd(chunk.subarray(taken), before + taken - SAMPLED);
    return undefined;
  }

  #addToEnd(rest: Buffer, before: number): void {
    this.#end ??= Buffer.alloc(SAMPLED);
    const skipped = Math.max(0, rest.length - SAMPLED);
    const copied = rest.copy(this.#end, (before + skipped) % SAMPLED, skipped);
    rest.copy(this.#end, 0, skipped + copied);
  }

  /** What has passed, without its middle if it is long. */
  get sample(): Buffer {
    const begin = this.#begin.subarray(0, this.bytes);
    const after = this.bytes - SAMPLED;
    if (!this.#end) return begin;
    if (after <= SAMPLED) return Buffer.concat([begin, this.#end.subarray(0, after)]);
    const at = after % SAMPLED;
    return Buffer.concat([begin, this.#end.subarray(at), this.#end.subarray(0, at)]);
  }
}
