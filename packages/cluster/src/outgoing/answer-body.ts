import type { Dispatcher } from 'undici';

/** Bytes that are held for a slow reader; above, the connection is not read. */
const MOST_HELD = 64 << 10;
/** What is left of an answer is read to its end when it is no more than this, so that the connection can be used again. */
const REST_BYTES = 4 << 10;
const REST_MS = 250;

/**
 * The body of an answer, which is read once, as it comes. Leaving the loop over it early drops the rest: some servers end an event
 * stream a moment after the answer. A stream that goes on is closed. An event stream and each of the many small answers of a process
 * have one; a stream of Node takes twice the CPU time and memory.
 */
export class AnswerBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #controller: Dispatcher.DispatchController;
  #pieces: Uint8Array[] = [];
  #held = 0;
  #isEnded = false;
  #error: Error | undefined;
  /** Bytes that are still dropped; undefined: the body is read. */
  #droppable: number | undefined;
  #wake: (() => void) | undefined;

  constructor(controller: Dispatcher.DispatchController) {
    this.#controller = controller;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @throws what ended the answer before it was whole */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        this.#held -= piece.byteLength;
        if (this.#controller.paused && this.#held < MOST_HELD) this.#controller.resume();
        return { done: false, value: piece };
      }
      if (this.#error) throw this.#error;
      if (this.#isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    void this.drop();
    return { done: true, value: undefined };
  }

  /** Reads the rest, and closes the connection if it is long. Never rejects. */
  async drop(): Promise<void> {
    this.#pieces = [];
    if (this.#isEnded) return;
    this.#droppable = REST_BYTES;
    const timer = setTimeout(() => this.destroy(), REST_MS);
    this.#controller.resume();
    while (!this.#isEnded) await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(timer);
  }

  /** Closes the connection. */
  destroy(): void {
    if (!this.#isEnded) this.#controller.abort(new Error('the answer is no longer wanted'));
  }

  /** Takes a piece from the connection. */
  push(piece: Uint8Array): void {
    if (this.#droppable !== undefined) {
      this.#droppable -= piece.byteLength;
      if (this.#droppable < 0) this.destroy();
      return;
    }
    this.#pieces.push(piece);
    this.#held += piece.byteLength;
    if (this.#held >= MOST_HELD) this.#controller.pause();
    this.#wake?.();
  }

  /** The answer is over. @param error why, if it is not whole */
  end(error?: Error): void {
    this.#error = error;
    this.#isEnded = true;
    this.#wake?.();
  }
}
