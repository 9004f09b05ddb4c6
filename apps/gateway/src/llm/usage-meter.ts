import { createParser } from 'eventsource-parser';
import { Transform, type TransformCallback } from 'node:stream';
import type { Dialect, Tokens } from './dialects/dialect.ts';
import { isObject, type JsonObject } from './dialects/json.ts';
import { errorIn } from './provider-error.ts';
import { failureIn } from './provider-failure.ts';

/** Characters of a token, at the least, when the provider did not report the tokens of an answer. */
const CHARACTERS_PER_TOKEN = 3;
/**
 * Tokens that a model writes in a second, at the most. What it thinks is not in the stream, so an answer that was cut off may have cost as
 * many tokens as there was time for.
 */
const TOKENS_PER_SECOND = 200;
/** Longest answer that is read as a whole, in characters. */
const LONGEST_WHOLE = 32 * 1024 * 1024;

/** Passes an answer on as it comes, and reads from it what it costs, and whether it is one. */
export class UsageMeter extends Transform {
  readonly #dialect: Dialect;
  readonly #decoder = new TextDecoder();
  readonly #reported: Partial<Tokens> = {};
  readonly #parser;
  #whole = '';
  #text = 0;
  #complete = false;
  #hasError = false;
  #failure: string | undefined;
  bytes = 0;

  constructor(dialect: Dialect, streams: boolean) {
    super();
    this.#dialect = dialect;
    this.#parser = streams ? createParser({ onEvent: ({ data }) => this.#read(data) }) : undefined;
  }

  /** The provider has sent all of its answer. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Why the provider failed after it had begun to answer; undefined if it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    const text = this.#decoder.decode(chunk, { stream: true });
    if (this.#parser) this.#parser.feed(text);
    else if (this.#whole.length < LONGEST_WHOLE) this.#whole += text;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (!this.#parser) this.#readWhole();
    else if (!this.#complete && !this.#hasError) this.#failure ??= 'the stream ended before its last event';
    done();
  }

  /**
   * @param most tokens of the estimate of the input, and of the longest answer
   * @param seconds since the request was sent
   */
  tokens(most: { input: number; output: number }, seconds: number): Tokens {
    const { input = most.input, cached = 0, surcharge = 0, output } = this.#reported;
    if (output !== undefined && this.#complete) return { input, cached, surcharge, output };
    const seen = Math.max(output ?? 0, Math.ceil(this.#text / CHARACTERS_PER_TOKEN));
    return { input, cached, surcharge, output: this.#complete ? seen : Math.max(seen, hiddenTokens(most, seconds)) };
  }

  #readWhole(): void {
    this.#complete = true;
    this.#read(this.#whole);
    if (this.#reported.output === undefined) this.#text = this.#whole.length;
    if (this.#whole.length < LONGEST_WHOLE && !isJson(this.#whole)) this.#failure ??= 'the answer is not JSON';
  }

  #read(data: string): void {
    if (data === '[DONE]') {
      this.#complete = true;
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
    if (errorIn(event)) {
      this.#hasError = true;
      this.#failure ??= failureIn(event);
    }
    Object.assign(this.#reported, this.#dialect.tokensOf(event));
    if (this.#dialect.isLast(event)) this.#complete = true;
  }
}

/** Returns the tokens that a model may have written of an answer that nothing was seen of. */
export function hiddenTokens({ output }: { output: number }, seconds: number): number {
  return Math.min(output, Math.ceil(seconds * TOKENS_PER_SECOND));
}

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}
