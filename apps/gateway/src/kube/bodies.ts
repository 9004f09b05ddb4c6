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

/** Pieces that are shorter are joined, so that few are held however an answer is cut. */
const SHORT_PIECE = 4 * 1024;

/** Counts the bytes of an answer up to a limit, and holds the pieces with its begin and its end. Long pieces are not copied. */
export class PassedBytes {
  readonly #limit: number;
  readonly #begin: Buffer[] = [];
  readonly #end: Buffer[] = [];
  #held = 0;
  bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns an error when the answer is longer than the limit. */
  add(chunk: Buffer): Error | undefined {
    if (this.bytes < SAMPLED) append(this.#begin, chunk);
    append(this.#end, chunk);
    this.bytes += chunk.length;
    this.#held += chunk.length;
    for (let first = this.#end[0]; first && this.#held - first.length >= SAMPLED; first = this.#end[0]) {
      this.#end.shift();
      this.#held -= first.length;
    }
    return this.bytes > this.#limit ? new Error(`the answer has more than ${this.#limit} bytes`) : undefined;
  }

  /** What has passed, without its middle if it is long. */
  get sample(): Buffer {
    const rest = Math.min(SAMPLED, Math.max(0, this.bytes - SAMPLED));
    const end = Buffer.concat(this.#end);
    return Buffer.concat([Buffer.concat(this.#begin).subarray(0, SAMPLED), end.subarray(end.length - rest)]);
  }
}

function append(pieces: Buffer[], chunk: Buffer): void {
  const last = pieces.at(-1);
  if (last && last.length < SHORT_PIECE && chunk.length < SHORT_PIECE)
    pieces.splice(-1, 1, Buffer.concat([last, chunk]));
  else pieces.push(chunk);
}
