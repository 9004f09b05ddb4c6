import pLimit from 'p-limit';
import type { Detector } from '../detection/detector.ts';
import { KINDS, type ObjectOf, type WatchedKind } from '../detection/objects/kinds.ts';
import type { Listing } from '../detection/listing.ts';
import { ConnectionError } from '../mcp/session/connection-error.ts';
import type { McpSession } from '../mcp/session/session.ts';
import { LIST_RESOURCES_TOOL } from '../mcp/session/tools.ts';
import { cleanText } from '../mcp/wire-text.ts';
import { nameKey, nameOf } from '../detection/objects/cluster-objects.ts';
import { FormChanged, type ListBatch, type ListForm } from './list-reader.ts';
import { AnswerTooLarge, readList } from './read-list.ts';

/** The part of a session that lists need. */
export type ListSession = Pick<McpSession, 'callStreamed' | 'deliver' | 'takes'>;

/** What is known about the server that lists. */
export interface ListingServer {
  form: ListForm;
}

export interface ListKindOptions {
  session: ListSession;
  detector: Detector;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Whether what is listed is recognised in the next list, because the detector keeps its objects until then. */
  remember: boolean;
  /** Of one list, ms. */
  timeout: number;
  /** Names of the namespaces of the cluster; undefined: they cannot be listed. */
  namespaces: () => Promise<readonly string[] | undefined>;
}

export interface ListedKind {
  /** Objects that have not the shape of their kind. */
  strange: number;
  count: number;
  /** Namespaces that could not be listed, with the reason. */
  blind: ReadonlyMap<string, string>;
}

/** What was listed before, of one namespace or of all. */
interface Remembered {
  /** Of the detector, see `Detector.losses`. */
  losses: number;
  digests: BigUint64Array;
  /** In the order of the digests. */
  names: string[];
}

/** Bytes of a list of all namespaces; above, the namespaces are listed one by one: the server holds an answer in memory too. */
const WHOLE_BYTES = 16 << 20;
/** All namespaces together are so small again that one list will do, bytes. */
const SMALL_BYTES = 8 << 20;
/** Bytes of what cannot be divided further. */
const LARGEST_BYTES = 64 << 20;
/** Objects of a page, where the server passes `limit` and `continue` on. */
const PAGE = 500;
/** What the API server says of a list that it cannot continue any more. */
const EXPIRED = /\bexpired\b|too old|continue parameter|\b410\b/i;
/** Lists of one cluster at a time. */
const CONCURRENCY = 2;

const UNDIVIDED: ReadonlySet<WatchedKind> = new Set(['nodes', 'namespaces']);
const NOTHING_KNOWN = { digests: new BigUint64Array(0), names: [] };

/** Objects that had not changed are no longer known here, or the pages have expired: all has to be read again. */
class Forgotten extends Error {
  override readonly message = 'the list changed while its pages were read';
}

/**
 * Lists the objects of one kind through an MCP server, and hands them to the detector: all at once, or by namespace where that
 * answer is too large. In pages, where the tool of the server has parameters for them. The way that worked is remembered.
 */
export class KindList<K extends WatchedKind> {
  readonly #kind: K;
  readonly #largest: { whole: number; part: number };
  /** By namespace; empty for a list of all. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #server: ListingServer;
  #byNamespace = false;

  /**
   * @param server shared by the kinds of a cluster
   * @param largest bytes of an answer: of all namespaces, and of what cannot be divided
   */
  constructor(kind: K, server: ListingServer, largest = { whole: WHOLE_BYTES, part: LARGEST_BYTES }) {
    this.#kind = kind;
    this.#server = server;
    this.#largest = largest;
  }

  /** @throws ConnectionError when the session is lost, or Error when the kind cannot be listed */
  async run(options: ListKindOptions): Promise<ListedKind> {
    if (this.#byNamespace) return this.#listByNamespace(options);
    const listing = options.detector.beginList(this.#kind, { isFollowed: false });
    try {
      const { strange, count } = await this.#list('', listing, options);
      listing.end();
      return { strange, count, blind: new Map() };
    } catch (error) {
      if (!(error instanceof AnswerTooLarge) || UNDIVIDED.has(this.#kind)) throw error;
      this.#byNamespace = true;
      this.#remembered.clear();
      return this.#listByNamespace(options);
    }
  }

  async #listByNamespace(options: ListKindOptions): Promise<ListedKind> {
    const namespaces = await options.namespaces();
    if (!namespaces)
      throw new Error(
        `${new AnswerTooLarge(this.#largest.whole).message}, and there are no namespaces to list one by one`,
      );
    const listing = options.detector.beginList(this.#kind, { isFollowed: false });
    const blind = new Map<string, string>();
    const sum = { strange: 0, count: 0, bytes: 0 };
    const listOne = async (namespace: string): Promise<void> => {
      try {
        const { strange, count, bytes } = await this.#list(namespace, listing, options);
        sum.strange += strange;
        sum.count += count;
        sum.bytes += bytes;
      } catch (error) {
        if (error instanceof ConnectionError && error.code !== 'timeout') throw error;
        blind.set(namespace, reasonOf(error));
      }
    };
    const limit = pLimit(CONCURRENCY);
    await Promise.all(namespaces.map((namespace) => limit(listOne, namespace)));
    const [first] = blind.values();
    if (blind.size === namespaces.length && first !== undefined) throw new Error(first);
    for (const namespace of this.#remembered.keys())
      if (!namespaces.includes(namespace)) this.#remembered.delete(namespace);
    listing.end(new Set(blind.keys()));
    if (blind.size === 0 && sum.bytes < Math.min(SMALL_BYTES, this.#largest.whole)) {
      this.#byNamespace = false;
      this.#remembered.clear();
    }
    return { strange: sum.strange, count: sum.count, blind };
  }

  /** Lists one namespace, or all; once more when something was forgotten meanwhile. */
  async #list(namespace: string, listing: Listing<K>, options: ListKindOptions) {
    try {
      return await this.#ask(namespace, listing, options);
    } catch (error) {
      if (error instanceof FormChanged) this.#server.form = 'unknown';
      else if (!(error instanceof Forgotten)) throw error;
      this.#remembered.delete(namespace);
      return this.#ask(namespace, listing, options);
    }
  }

  async #ask(namespace: string, listing: Listing<K>, { session, detector, now, remember, timeout }: ListKindOptions) {
    const { apiVersion, kind } = KINDS[this.#kind];
    const selector = 'fieldSelector' in KINDS[this.#kind] ? { fieldSelector: 'type=Warning' } : {};
    const args = { apiVersion, kind, ...selector, ...(namespace !== '' && { namespace }) };
    const { losses } = detector;
    const before = this.#remembered.get(namespace);
    const known = before?.losses === losses ? before : NOTHING_KNOWN;
    const names: string[] = [];
    const digests: bigint[] = [];
    const take = (batch: ListBatch): void => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reader was given the kind
      const objects = batch.objects as ObjectOf<K>[];
      listing.put(objects, now());
      for (const index of batch.same) {
        const name = known.names[index] ?? '';
        if (!listing.keep(nameOf(name), now())) throw new Forgotten();
        if (!remember) continue;
        names.push(name);
        digests.push(known.digests[index] ?? 0n);
      }
      if (!remember) return;
      for (const { metadata } of objects) names.push(nameKey(metadata));
      digests.push(...batch.digests);
    };
    const isPaged = session.takes(LIST_RESOURCES_TOOL, 'limit') && session.takes(LIST_RESOURCES_TOOL, 'continue');
    const isWhole = namespace === '' && !UNDIVIDED.has(this.#kind);
    const reading = { kind: this.#kind, known: known.digests };
    const largest = isWhole ? this.#largest.whole : this.#largest.part;
    const sum = { strange: 0, count: 0, bytes: 0 };
    let next: string | undefined;
    do {
      const page = isPaged && { limit: PAGE, ...(next !== undefined && { continue: next }) };
      const answer = await session.callStreamed(LIST_RESOURCES_TOOL, { ...args, ...page }, timeout);
      const summary = await readList(answer, { ...reading, form: this.#server.form }, largest, take);
      for (const notification of summary.notifications) session.deliver(notification);
      if (summary.problem !== undefined && next !== undefined && EXPIRED.test(summary.problem)) throw new Forgotten();
      if (summary.problem !== undefined) throw new Error(summary.problem);
      this.#server.form = summary.form;
      sum.strange += summary.strange;
      sum.count += summary.count;
      sum.bytes += summary.bytes;
      if (summary.continue !== undefined && summary.continue === next) throw new Error('the pages of the list repeat');
      next = summary.continue;
    } while (next !== undefined);
    if (remember) this.#remembered.set(namespace, { losses, digests: BigUint64Array.from(digests), names });
    return sum;
  }
}

/** Returns what an error says, in one line. */
export function reasonOf(error: unknown): string {
  return cleanText(error instanceof Error ? error.message : String(error), 300, { lines: false });
}
