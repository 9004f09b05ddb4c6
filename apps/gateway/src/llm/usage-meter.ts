import { createParser } from 'eventsource-parser';
import { Transform, type TransformCallback } from 'node:stream';
import type { Dialect, Tokens } from './dialect.ts';
import { isObject, type JsonObject } from './json.ts';

/** Characters of a token, at the least, when the provider did not report the tokens of an answer that was cut off. */
const CHARACTERS_PER_TOKEN = 3;
/** Longest answer that is read as a whole, in characters. */
const LONGEST_WHOLE = 32 * 1024 * 1024;

/** Passes an answer on as it comes, and reads from it what it costs. */
export class UsageMeter extends Transform {
  readonly #dialect: Dialect;
  readonly #decoder = new TextDecoder();
  readonly #reported: Partial<Tokens> = {};
  readonly #parser;
  #whole = '';
  #text = 0;
  bytes = 0;
  /** The provider has sent all of its answer. */
  complete = false;

  constructor(dialect: Dialect, streams: boolean) {
    super();
    this.#dialect = dialect;
    this.#parser = streams ? createParser({ onEvent: ({ data }) => this.#read(data) }) : undefined;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    const text = this.#decoder.decode(chunk, { stream: true });
    if (this.#parser) this.#parser.feed(text);
    else if (this.#whole.length < LONGEST_WHOLE) this.#whole += text;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (this.#whole !== '') this.#read(this.#whole);
    this.complete = true;
    done();
  }

  /** @param input the estimate of the input, for an answer that reports none */
  tokens(input: number): Tokens {
    const output = Math.max(this.#reported.output ?? 0, Math.ceil(this.#text / CHARACTERS_PER_TOKEN));
    return {
      input: this.#reported.input ?? input,
      cached: this.#reported.cached ?? 0,
      surcharge: this.#reported.surcharge ?? 0,
      // A complete answer has reported its tokens.
      output: this.#reported.output !== undefined && this.complete ? this.#reported.output : output,
    };
  }

  #read(data: string): void {
    if (data === '[DONE]') {
      this.complete = true;
      return;
    }
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      return;
    }
    for (const item of Array.isArray(event) ? event : [event]) if (isObject(item)) this.#count(item);
  }

  #count(event: JsonObject): void {
    this.#text += this.#dialect.textOf(event).length;
    Object.assign(this.#reported, this.#dialect.tokensOf(event));
    if (this.#dialect.isLast?.(event)) this.complete = true;
  }
}
