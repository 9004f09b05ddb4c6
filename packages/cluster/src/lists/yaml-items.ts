const ESCAPED_NEWLINE = Buffer.from('\\n');
const BACKSLASH = 0x5c;
/** Text is unescaped in pieces of this size, bytes. */
const PIECE = 32 << 10;
/** Bytes of one line, characters of one item. */
const LONGEST = 8 << 20;
/** Characters that are kept of what is no item: the text of an error. */
const LONGEST_REST = 16 << 10;

/**
 * Splits the text of a list into its items as it comes, each YAML by itself. Servers write a list in block style, whose items
 * begin with a dash, all at the same indentation.
 */
export class YamlItems {
  readonly #onItem: (yaml: string) => void;
  #escaped: Buffer[] = [];
  #escapedBytes = 0;
  /** The item that is being read; before the first one, what is no item. */
  #current = '';
  /** Where items begin; undefined before the first one. */
  #starts: RegExp | undefined;
  #hasItems = false;
  #rest = '';

  constructor(onItem: (yaml: string) => void) {
    this.#onItem = onItem;
  }

  get hasItems(): boolean {
    return this.#hasItems;
  }

  /** The text that is no item. */
  get rest(): string {
    return this.#rest;
  }

  /** @param part as it stands in JSON, cut at any byte */
  feed(part: Buffer): void {
    this.#escaped.push(part);
    this.#escapedBytes += part.length;
    if (this.#escapedBytes < PIECE) return;
    const all = Buffer.concat(this.#escaped);
    const cut = lastLineEnd(all);
    if (cut === 0 && all.length > LONGEST) throw new Error('a line of the answer is larger than 8 MiB');
    this.#take(all.subarray(0, cut));
    this.#escaped = [all.subarray(cut)];
    this.#escapedBytes = all.length - cut;
  }

  end(): void {
    this.#take(Buffer.concat(this.#escaped));
    this.#escaped = [];
    this.#escapedBytes = 0;
    this.#emit(this.#current);
    this.#current = '';
  }

  #take(escaped: Buffer): void {
    if (escaped.length === 0) return;
    const text: unknown = JSON.parse(`"${escaped.toString('utf8')}"`);
    const read = `${this.#current}${String(text)}`;
    this.#starts ??= startsOf(read);
    const items = this.#starts ? read.split(this.#starts) : [read];
    this.#current = items.pop() ?? '';
    if (this.#current.length > LONGEST) throw new Error('an object of the answer is larger than 8 MiB');
    for (const item of items) this.#emit(item);
  }

  #emit(text: string): void {
    if (!/^ *- /.test(text)) {
      this.#rest = (this.#rest + text).slice(0, LONGEST_REST);
      return;
    }
    this.#hasItems = true;
    // What follows the last item belongs to the list.
    const end = text.search(/^[^\s-]/m);
    this.#onItem(end === -1 ? text : text.slice(0, end));
  }
}

/** Items begin at the indentation of the first one. */
function startsOf(text: string): RegExp | undefined {
  const first = /^( *)- /m.exec(text);
  return first ? new RegExp(`^(?=${first[1]}- )`, 'm') : undefined;
}

/** Where the last line ends that is there as a whole. */
function lastLineEnd(escaped: Buffer): number {
  for (let at = escaped.lastIndexOf(ESCAPED_NEWLINE); at > 0; at = escaped.lastIndexOf(ESCAPED_NEWLINE, at - 1)) {
    let first = at;
    while (first > 0 && escaped[first - 1] === BACKSLASH) first -= 1;
    if ((at - first) % 2 === 0) return at + ESCAPED_NEWLINE.length;
  }
  return 0;
}
