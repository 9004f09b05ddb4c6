import type { Logger } from '@nightcrier/core/logger';
import { parseObject, type Detector } from '../detection/detector.ts';
import { KINDS, type ObjectOf, WATCHED_KINDS, type WatchedKind } from '../detection/kinds.ts';
import { ConnectionError } from '../mcp/session/connection-error.ts';
import type { McpSession } from '../mcp/session/session.ts';
import { LIST_RESOURCES_TOOL, resourcesOf } from '../mcp/session/tools.ts';
import { cleanText } from '../mcp/wire-text.ts';
import type { ClusterSight } from '../sight/cluster-sight.ts';

/** The kinds that most symptoms are of: what they show is reported before the others are listed. */
export const FIRST_KINDS: readonly WatchedKind[] = ['events', 'nodes', 'deployments', 'jobs', 'pods'];
export const OTHER_KINDS: readonly WatchedKind[] = WATCHED_KINDS.filter((kind) => !FIRST_KINDS.includes(kind));

export interface ScanOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** No further list is asked for when it aborts. */
  signal?: AbortSignal;
  /** Default: all. */
  kinds?: readonly WatchedKind[];
}

/**
 * Lists the objects of a cluster through the tool that every kubernetes-mcp-server has, and hands them to the detector. A kind
 * that cannot be listed is left out, with one warning; only when none can, the scan fails.
 */
export class ClusterScan {
  readonly #endpoint: string;
  readonly #logger: Logger;
  readonly #sight: ClusterSight;
  readonly #timeout: number;
  readonly #unreadable = new Set<WatchedKind>();

  /** @param timeout of one list, ms */
  constructor(endpoint: string, logger: Logger, sight: ClusterSight, timeout: number) {
    this.#timeout = timeout;
    this.#endpoint = endpoint;
    this.#logger = logger;
    this.#sight = sight;
  }

  /**
   * Lists the objects of these kinds once, one list after the other: a cluster has few connections to spare.
   * @returns when it began, ms since the epoch
   * @throws ConnectionError when the session is lost or no kind can be listed, or the signal's reason
   */
  async run(
    session: Pick<McpSession, 'call'>,
    detector: Detector,
    { now, signal, kinds = WATCHED_KINDS }: ScanOptions,
  ): Promise<number> {
    const startedAt = now();
    const failures: string[] = [];
    const list = async (kind: WatchedKind): Promise<void> => {
      signal?.throwIfAborted();
      const problem = await this.#list(kind, session, detector, now);
      if (problem === undefined) return;
      failures.push(problem);
      this.#leaveOut(kind, problem, detector);
    };
    for (const kind of kinds) await list(kind);
    if (failures.length === kinds.length) {
      throw new ConnectionError('tool_failed', `${this.#endpoint}: nothing could be listed: ${failures[0]}`);
    }
    return startedAt;
  }

  /** @returns why the kind could not be listed */
  async #list(
    kind: WatchedKind,
    session: Pick<McpSession, 'call'>,
    detector: Detector,
    now: () => number,
  ): Promise<string | undefined> {
    const { apiVersion, kind: name } = KINDS[kind];
    const selector = 'fieldSelector' in KINDS[kind] ? { fieldSelector: KINDS[kind].fieldSelector } : {};
    try {
      const args = { apiVersion, kind: name, ...selector };
      const answer = await session.call(LIST_RESOURCES_TOOL, args, this.#timeout);
      if (answer.isError) throw new Error(answer.text);
      detector.list(kind, this.#parse(kind, resourcesOf(answer)), now());
      this.#readable(kind);
      return undefined;
    } catch (error) {
      // One list that takes too long says nothing about the others.
      if (error instanceof ConnectionError && error.code !== 'timeout') throw error;
      return cleanText(error instanceof Error ? error.message : String(error), 300, { lines: false });
    }
  }

  /** One strange object does not hide the others. */
  #parse<K extends WatchedKind>(kind: K, items: unknown[]): ObjectOf<K>[] {
    const objects = items.flatMap((item) => parseObject(kind, item) ?? []);
    const strange = items.length - objects.length;
    if (strange > 0) this.#logger.warn({ kind, strange, of: items.length }, 'objects of unknown shape left out');
    return objects;
  }

  /** A kind that fails once is probably back in the next scan, with the symptoms it had; then its Events alone speak of it. */
  #leaveOut(kind: WatchedKind, problem: string, detector: Detector): void {
    if ('optional' in KINDS[kind]) return;
    this.#sight.loseKind(kind, 'mcp', problem);
    if (this.#unreadable.has(kind)) {
      detector.forgetKind(kind);
      return;
    }
    detector.lose(kind);
    this.#unreadable.add(kind);
    this.#logger.warn({ kind, problem }, 'polling cannot list a kind; its faults are not seen');
  }

  #readable(kind: WatchedKind): void {
    this.#sight.readKind(kind, 'mcp');
    if (this.#unreadable.delete(kind)) this.#logger.info({ kind }, 'polling can list a kind again');
  }
}
