const NEWLINE = 0x0a;
/** Enough to see what a line begins with: `data:`, and in JSON whether it is a notification. */
const HEAD = 200;
/** Bytes of a notification. */
const LONGEST_NOTIFICATION = 1 << 20;

/**
 * Takes the JSON out of an answer that comes as an event stream. A line of data may have any length; it is passed on in pieces.
 * Notifications that come with the answer are collected.
 */
export class EventStream {
  readonly #onAnswer: (piece: Buffer) => void;
  readonly notifications: string[] = [];
  #line: 'head' | 'answer' | 'notification' | 'other' = 'head';
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param onAnswer receives the JSON of the answer in pieces */
  constructor(onAnswer: (piece: Buffer) => void) {
    this.#onAnswer = onAnswer;
  }

  feed(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      // A keep-alive, or the end of an event. A piece can consist of such lines alone.
      if (piece[at] === NEWLINE && this.#line === 'head' && this.#heldBytes === 0) {
        at += 1;
        continue;
      }
      const newline = piece.indexOf(NEWLINE, at);
      const end = newline === -1 ? piece.length : newline;
      this.#take(piece.subarray(at, end));
      if (newline === -1) return;
      this.end();
      at = newline + 1;
    }
  }

  /** The line is over. */
  end(): void {
    if (this.#line === 'head') this.#decide();
    if (this.#line === 'notification') this.notifications.push(Buffer.concat(this.#held).toString('utf8'));
    this.#line = 'head';
    this.#held = [];
    this.#heldBytes = 0;
  }

  #take(part: Buffer): void {
    switch (this.#line) {
      case 'answer':
        this.#onAnswer(part);
        return;
      case 'other':
        return;
      case 'head':
      case 'notification':
        this.#held.push(part);
        this.#heldBytes += part.length;
        if (this.#line === 'head' && this.#heldBytes >= HEAD) this.#decide();
        if (this.#heldBytes > LONGEST_NOTIFICATION) throw new Error('a notification is larger than 1 MiB');
    }
  }

  #decide(): void {
    const held = Buffer.concat(this.#held);
    const head = held.toString('latin1', 0, HEAD);
    const [prefix] = /^data: ?/.exec(head) ?? [];
    if (prefix === undefined) {
      this.#line = 'other';
      return;
    }
    const data = held.subarray(prefix.length);
    // The members of an answer that can come before its result have no nested values.
    if (/^[^{]*\{[^{[]*"method"\s*:/.test(head.slice(prefix.length))) {
      this.#line = 'notification';
      this.#held = [data];
      return;
    }
    this.#line = 'answer';
    this.#held = [];
    this.#onAnswer(data);
  }
}
