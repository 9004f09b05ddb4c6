const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;

/** Bytes of one object, or of a name; etcd takes objects of 1.5 MiB. */
export const LONGEST_VALUE = 8 << 20;

/** Finds the end of a JSON string that comes in pieces. */
export class StringEnd {
  /** Whether the last piece ended with an odd number of backslashes. */
  #isEscaped = false;

  /** @returns index of the closing quote; undefined: not in this piece */
  find(piece: Buffer, from: number): number | undefined {
    for (let start = from; ;) {
      const quote = piece.indexOf(QUOTE, start);
      const end = quote === -1 ? piece.length : quote;
      let first = end;
      while (first > start && piece[first - 1] === BACKSLASH) first -= 1;
      const continues = first === from && this.#isEscaped ? 1 : 0;
      const isEscaped = (end - first + continues) % 2 === 1;
      if (quote === -1) {
        this.#isEscaped = isEscaped;
        return undefined;
      }
      if (!isEscaped) {
        this.#isEscaped = false;
        return quote;
      }
      start = quote + 1;
    }
  }
}

/** Collects a JSON object that comes in pieces, from its opening bracket to its closing one. */
export class ObjectBytes {
  readonly #string = new StringEnd();
  #isInString = false;
  /** Open brackets. */
  #depth = 0;
  #pieces: Buffer[] = [];
  #bytes = 0;

  /**
   * @returns where to go on after the object; undefined: it goes on in the next piece
   * @throws Error for an object that is too long
   */
  read(piece: Buffer, from: number): number | undefined {
    const end = this.#end(piece, from);
    const read = piece.subarray(from, end);
    this.#pieces.push(read);
    this.#bytes += read.length;
    if (this.#bytes > LONGEST_VALUE) throw new Error('an object of the answer is larger than 8 MiB');
    return end;
  }

  /** Returns the object that has been read, as JSON, and begins anew. */
  take(): Buffer {
    const [first] = this.#pieces;
    const value = first && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return value;
  }

  #end(piece: Buffer, from: number): number | undefined {
    let depth = this.#depth;
    let at = from;
    if (this.#isInString) at = this.#afterString(piece, at);
    for (; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === QUOTE) at = this.#afterString(piece, at + 1) - 1;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1;
        if (depth === 0) break;
      }
    }
    this.#depth = depth;
    return at < piece.length ? at + 1 : undefined;
  }

  /** @returns where to go on after a string; the length of the piece if it goes on in the next one */
  #afterString(piece: Buffer, from: number): number {
    const quote = this.#string.find(piece, from);
    this.#isInString = quote === undefined;
    return quote === undefined ? piece.length : quote + 1;
  }
}
