import { hash } from 'node:crypto';
import { CORE_SCHEMA, load } from 'js-yaml';
import { z } from 'zod';
import type { AnyObject, WatchedKind } from '../detection/objects/kinds.ts';
import { parseObject } from '../detection/objects/parse-object.ts';
import { AnswerScanner } from './answer-scanner.ts';
import { EventStream } from './event-stream.ts';
import { YamlItems } from './yaml-items.ts';

/** How a server writes its lists: as structured content beside a text, which is passed over then, or as text alone. */
export type ListForm = 'structured' | 'text' | 'unknown';

export interface ListReaderOptions {
  kind: WatchedKind;
  /** Whether the answer is an event stream, or JSON. */
  isEventStream: boolean;
  form: ListForm;
  /** Digests of objects that need not be read again. */
  known: BigUint64Array;
}

/** Some objects of a list. */
export interface ListBatch {
  objects: AnyObject[];
  /** Of these objects, in their order. */
  digests: bigint[];
  /** Places among the known digests of objects that have not changed. */
  same: number[];
}

/** What a list was, apart from its objects. */
export interface ListSummary {
  form: ListForm;
  /** Why the tool failed. */
  problem?: string;
  /** Objects that have not the shape of their kind, or are too large to be parsed at once. */
  strange: number;
  count: number;
  /** What the next page is asked for with, where the answer is a page of a list. */
  continue?: string | undefined;
  /** Notifications that came with the answer, JSON. */
  notifications: string[];
}

/** Objects in a batch: what is handed over at once blocks the event loop. */
const BATCH = 100;
const BATCH_SAME = 5_000;

/** Bytes of text that are held back while structured content may follow; what is longer is read as text. */
const MOST_HELD = 1 << 20;

/** Bytes of a text that may be an error, or say that there are no objects. */
const SHORT_TEXT = 64 << 10;

/** The server writes its lists in another form than before: the list is to be asked for again, with the form unknown. */
export class FormChanged extends Error {
  override readonly name = 'FormChanged';
}

const EMPTY = /^\s*(?:# ?No .*found|\[\]\s*$)/i;
const NO_OBJECTS = 'the answer has no whole objects; start the MCP server with --list-output yaml';
const WholeObject = z.object({ metadata: z.object({}) });
const RpcError = z.object({ message: z.string() });

/**
 * Reads the answer of `resources_list` as it comes, and keeps of each object what detection reads. An object that is as it was
 * in an earlier list is recognised by its bytes, and not parsed.
 */
export class ListReader {
  readonly #options: ListReaderOptions;
  readonly #onBatch: (batch: ListBatch) => void;
  readonly #known: ReadonlyMap<bigint, number>;
  readonly #stream: EventStream;
  readonly #scanner: AnswerScanner;
  readonly #yaml: YamlItems;
  /** Text of a server of which it is not known yet whether structured content follows. */
  readonly #heldText: Buffer[] = [];
  #heldBytes = 0;
  #textBytes = 0;
  #hasStructured = false;
  #batch: ListBatch = { objects: [], digests: [], same: [] };
  #strange = 0;
  #count = 0;

  constructor(options: ListReaderOptions, onBatch: (batch: ListBatch) => void) {
    this.#options = options;
    this.#onBatch = onBatch;
    this.#known = new Map([...options.known].map((digest, index) => [digest, index]));
    this.#yaml = new YamlItems((yaml) => this.#item(yaml));
    this.#scanner = new AnswerScanner({ item: (json) => this.#structured(json), text: (part) => this.#text(part) });
    this.#stream = new EventStream((piece) => this.#scanner.feed(piece));
  }

  /** Whether the answer has been read to its end. */
  get isComplete(): boolean {
    return this.#scanner.isComplete;
  }

  /** @throws Error for an answer that is no list */
  feed(piece: Buffer): void {
    if (this.#options.isEventStream) this.#stream.feed(piece);
    else this.#scanner.feed(piece);
  }

  /**
   * Reads what was held back until it was known whether structured content follows. Call it when the answer is complete, and
   * before {@link end}; it yields between pieces, because there may be much to parse.
   * @throws FormChanged, or Error for an answer that is no list
   */
  *heldText(): Generator<void> {
    if (this.#hasStructured && !this.#yaml.hasItems) return;
    if (this.#options.form === 'structured' && this.#textBytes > SHORT_TEXT) throw new FormChanged();
    for (const part of this.#heldText.splice(0)) {
      this.#yaml.feed(part);
      yield;
    }
  }

  /** @throws Error for an answer that is no list, or not whole */
  end(): ListSummary {
    this.#stream.end();
    const { isComplete, kind, error } = this.#scanner;
    if (!isComplete) throw new SyntaxError('the answer is not a whole JSON-RPC message');
    const { notifications } = this.#stream;
    const { form } = this.#options;
    const summary = { form, strange: 0, count: 0, notifications };
    if (error !== undefined) return { ...summary, problem: RpcError.parse(JSON.parse(error)).message };
    this.#yaml.end();
    if (kind === 'tool_error') return { ...summary, problem: this.#yaml.rest };
    if (kind === 'other' && !this.#yaml.hasItems && !EMPTY.test(this.#yaml.rest)) throw new Error(NO_OBJECTS);
    this.#flush();
    const seen = this.#hasStructured ? 'structured' : this.#yaml.hasItems ? 'text' : form;
    const { continue: next } = this.#scanner;
    return { ...summary, form: seen, strange: this.#strange, count: this.#count, continue: next };
  }

  #text(part: Buffer): void {
    const { form } = this.#options;
    this.#textBytes += part.length;
    if (form === 'text') this.#yaml.feed(part);
    // A short text is kept in any case: it may be an error.
    else if (form === 'unknown' || this.#textBytes <= SHORT_TEXT) this.#hold(part);
  }

  /** Text that was held back for long enough is read, as much at a time as comes. */
  #hold(part: Buffer): void {
    this.#heldText.push(part);
    this.#heldBytes += part.length;
    while (this.#heldBytes > MOST_HELD) {
      const [first = part] = this.#heldText.splice(0, 1);
      this.#heldBytes -= first.length;
      this.#yaml.feed(first);
    }
  }

  #structured(json: Buffer): void {
    this.#hasStructured = true;
    // The same objects were read as text. From the next list on it is passed over.
    if (this.#yaml.hasItems) return;
    this.#heldText.length = 0;
    this.#item(json);
  }

  #item(source: Buffer | string): void {
    this.#count += 1;
    if (source.length > LONGEST_JSON) {
      this.#strange += 1;
      return;
    }
    const digest = hash('sha1', source, 'buffer').readBigUInt64LE();
    const known = this.#known.get(digest);
    if (known === undefined) this.#parse(source, digest);
    else this.#batch.same.push(known);
    if (this.#batch.objects.length >= BATCH || this.#batch.same.length >= BATCH_SAME) this.#flush();
  }

  #parse(source: Buffer | string, digest: bigint): void {
    const isText = typeof source === 'string';
    const read = isText ? withoutLongParts(source) : source;
    if (isText && read.length > LONGEST_YAML) {
      this.#strange += 1;
      return;
    }
    const value = typeof read === 'string' ? onlyItem(read) : (JSON.parse(read.toString('utf8')) as unknown);
    // A server that prints tables sends their rows.
    if (!WholeObject.safeParse(value).success) throw new Error(NO_OBJECTS);
    const parsed = parseObject(this.#options.kind, value);
    if (parsed) {
      // Strings of YAML are parts of the text, and would keep all of it.
      const object = isText ? structuredClone(parsed) : parsed;
      this.#batch.objects.push(object);
      this.#batch.digests.push(digest);
    } else this.#strange += 1;
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.objects.length === 0 && batch.same.length === 0) return;
    this.#batch = { objects: [], digests: [], same: [] };
    this.#onBatch(batch);
  }
}

/** Most of the text of an object, which nothing here reads. */
const MANAGED_FIELDS = /^( +)managedFields:\n(?:\1(?:-| ).*\n?)*/m;
const LAST_APPLIED = /^( +)(kubectl\.kubernetes\.io\/last-applied-configuration:).*\n(?:\1 .*\n?)*/m;

/** Characters of an object without these: YAML is parsed at once, some 10 ms for each 100,000 characters. */
const LONGEST_YAML = 256 << 10;

/** Bytes of an object, which are digested and parsed at once. etcd takes 1.5 MiB. */
const LONGEST_JSON = 4 << 20;

function withoutLongParts(yaml: string): string {
  return yaml.replace(MANAGED_FIELDS, '').replace(LAST_APPLIED, "$1$2 ''\n");
}

function onlyItem(yaml: string): unknown {
  const list = load(yaml, { schema: CORE_SCHEMA });
  return Array.isArray(list) ? list[0] : undefined;
}
