import { redactValue } from '@nightcrier/redaction/redact-value';
import { Transform, type TransformCallback } from 'node:stream';

/** Longest object in a watch, in characters. */
const LONGEST_EVENT = 16 * 1024 * 1024;

/** Returns the JSON of an answer without secrets. @throws SyntaxError when it is not JSON */
export async function redactJson(body: string): Promise<string> {
  return JSON.stringify(await redactValue(JSON.parse(body)));
}

/** Redacts the events of a watch, one line each, as they come. */
export async function* redactEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_EVENT) throw new Error('an event of the watch is too long');
    yield await redactLines(lines);
  }
  yield await redactLines([rest]);
}

async function redactLines(lines: string[]): Promise<string> {
  const redacted = await Promise.all(lines.filter((line) => line.trim() !== '').map(redactJson));
  return redacted.map((line) => `${line}\n`).join('');
}

/** Bytes that are kept of the begin of an answer, and of its end. */
const SAMPLED = 32 * 1024;

/** Returns an answer, without its middle if it is long. */
export function sampleOf(content: Buffer): Buffer {
  if (content.length <= 2 * SAMPLED) return content;
  return Buffer.concat([content.subarray(0, SAMPLED), Buffer.from('\n'), content.subarray(-SAMPLED)]);
}

/** Counts the bytes that pass, keeps a sample of them, and fails beyond a limit. */
export class ByteLimit extends Transform {
  readonly #limit: number;
  bytes = 0;
  #begin = Buffer.alloc(0);
  #end = Buffer.alloc(0);

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    const taken = chunk.subarray(0, SAMPLED - this.#begin.length);
    if (taken.length > 0) this.#begin = Buffer.concat([this.#begin, taken]);
    const rest = chunk.subarray(taken.length).subarray(-SAMPLED);
    if (rest.length > 0) this.#end = Buffer.concat([this.#end, rest]).subarray(-SAMPLED);
    if (this.bytes > this.#limit) done(new Error(`the answer has more than ${this.#limit} bytes`));
    else done(null, chunk);
  }

  /** What has passed, without its middle if it is long. */
  get sample(): Buffer {
    return Buffer.concat([this.#begin, this.#end]);
  }
}
