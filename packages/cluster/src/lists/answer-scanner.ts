import { z } from 'zod';
import { LONGEST_VALUE, ObjectBytes, StringEnd } from './json-pieces.ts';

/** Receives what an answer to a tool call consists of, while it is read. */
export interface AnswerParts {
  /** One item of the structured content, as JSON. */
  item(json: Buffer): void;
  /** A part of a text block, as it stands in JSON: escaped, without quotes, cut at any byte. */
  text(part: Buffer): void;
}

/** What an answer is, as far as it has been read: no list yet, a list, a failure of the tool, or a JSON-RPC error. */
type AnswerKind = 'other' | 'list' | 'tool_error' | 'rpc_error';

/** An answer can show several of them, in any order: a tool that failed may send a list as well. The last one decides. */
const NEXT_KINDS = {
  other: ['list', 'tool_error', 'rpc_error'],
  list: ['tool_error', 'rpc_error'],
  tool_error: ['rpc_error'],
  rpc_error: [],
} satisfies Record<AnswerKind, AnswerKind[]>;

interface Frame {
  isArray: boolean;
  /** The key whose value is being read. */
  key: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;
const TRUE = 0x74;
const NULL = 0x6e;

/** The structured content is an object with items, or an array. */
const LISTS = new Set(['result.structuredContent.items', 'result.structuredContent']);
const ITEMS = new Set([...LISTS].map((path) => `${path}.[]`));
const TEXT = 'result.content.[].text';
/** What the next page of a list is asked for with. */
const CONTINUE = new Set(['result.structuredContent.metadata.continue', 'result.structuredContent.continue']);
/** Frames of the longest of these paths. */
const DEEPEST_PATH = 4;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads a JSON-RPC answer to a tool call as it comes, so that a list of a hundred megabytes takes no more memory than its largest
 * item. What is neither an item nor text is passed over.
 */
export class AnswerScanner {
  readonly #parts: AnswerParts;
  readonly #frames: Frame[] = [];
  #expectsKey = false;
  /** What is being read that may go on in the next piece. */
  #within: 'structure' | 'key' | 'string' | 'text' | 'continue' | 'item' | 'error' = 'structure';
  readonly #stringEnd = new StringEnd();
  /** An item, or an error. */
  readonly #object = new ObjectBytes();
  /** Of a key or a string that is kept. */
  #held = NOTHING;
  #kind: AnswerKind = 'other';
  #error: string | undefined;
  #continue: string | undefined;
  #isComplete = false;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  /** Whether the answer has been read to its end. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** A list is structured content; it may be empty. */
  get kind(): AnswerKind {
    return this.#kind;
  }

  /** What the next page is asked for with; undefined: there is none. */
  get continue(): string | undefined {
    return this.#continue;
  }

  /** The JSON-RPC error of an `rpc_error`, as JSON. */
  get error(): string | undefined {
    return this.#error;
  }

  /** @throws SyntaxError for what cannot be JSON, and Error for a value that is too long */
  feed(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) at = this.#step(piece, at);
  }

  /** @returns where to go on */
  #step(piece: Buffer, at: number): number {
    switch (this.#within) {
      case 'structure':
        return this.#structure(piece, at);
      case 'item':
      case 'error':
        return this.#value(piece, at);
      default:
        return this.#string(piece, at);
    }
  }

  #structure(piece: Buffer, at: number): number {
    const byte = piece[at];
    const frame = this.#frames.at(-1);
    switch (byte) {
      case QUOTE:
        this.#within = this.#expectsKey ? 'key' : this.#kindOfString();
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        if (this.#open(byte === OPEN_ARRAY)) return at;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        if (!frame) throw new SyntaxError('unexpected end of a JSON value');
        this.#frames.pop();
        this.#expectsKey = false;
        if (this.#frames.length === 0) this.#isComplete = true;
        break;
      case COMMA:
        this.#expectsKey = frame?.isArray === false;
        break;
      case TRUE:
        if (this.#path() === 'result.isError') this.#become('tool_error');
        break;
      case NULL:
        if (this.#path() === 'result.structuredContent.items') this.#become('list');
        break;
      default:
        if (!frame && byte !== undefined && byte > 0x20) throw new SyntaxError('the answer is not a JSON object');
    }
    return at + 1;
  }

  #kindOfString(): 'text' | 'continue' | 'string' {
    const path = this.#path();
    if (path === TEXT) return 'text';
    return CONTINUE.has(path) ? 'continue' : 'string';
  }

  /** @returns whether the value is to be kept as a whole, from this byte on */
  #open(isArray: boolean): boolean {
    const path = this.#path();
    if (!isArray && (ITEMS.has(path) || path === 'error')) {
      this.#within = path === 'error' ? 'error' : 'item';
      return true;
    }
    if (isArray && LISTS.has(path)) this.#become('list');
    this.#frames.push({ isArray, key: '' });
    this.#expectsKey = !isArray;
    return false;
  }

  #become(kind: AnswerKind): void {
    const next: readonly AnswerKind[] = NEXT_KINDS[this.#kind];
    if (next.includes(kind)) this.#kind = kind;
  }

  /** Returns where the scanner is, an empty text where nothing is kept: a hostile answer can be nested without end. */
  #path(): string {
    if (this.#frames.length > DEEPEST_PATH) return '';
    return this.#frames.map(({ isArray, key }) => (isArray ? '[]' : key)).join('.');
  }

  /** Reads an item or an error to its closing bracket. */
  #value(piece: Buffer, from: number): number {
    const end = this.#object.read(piece, from);
    if (end === undefined) return piece.length;
    const value = this.#object.take();
    if (this.#within === 'error') {
      this.#error = value.toString('utf8');
      this.#become('rpc_error');
    } else this.#parts.item(value);
    this.#within = 'structure';
    return end;
  }

  /** Reads a string to its closing quote. */
  #string(piece: Buffer, from: number): number {
    const end = this.#stringEnd.find(piece, from);
    const read = piece.subarray(from, end ?? piece.length);
    if (this.#within === 'text') this.#parts.text(read);
    const isKept = this.#within === 'key' || this.#within === 'continue';
    if (isKept) this.#held = Buffer.concat([this.#held, read]);
    if (this.#held.length > LONGEST_VALUE) throw new Error('a name of the answer is larger than 8 MiB');
    if (end === undefined) return piece.length;
    if (this.#within === 'continue') {
      this.#continue = z.string().parse(JSON.parse(`"${this.#held.toString('utf8')}"`)) || undefined;
      this.#held = NOTHING;
    }
    if (this.#within === 'key') {
      const frame = this.#frames.at(-1);
      if (frame) frame.key = this.#held.toString('utf8');
      this.#held = NOTHING;
      this.#expectsKey = false;
    }
    this.#within = 'structure';
    return end + 1;
  }
}
