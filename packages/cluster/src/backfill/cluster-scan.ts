import type { Logger } from '@nightcrier/core/logger';
import type { Detector } from '../detection/detector.ts';
import { KINDS, WATCHED_KINDS, type WatchedKind } from '../detection/objects/kinds.ts';
import { listElsewhere } from '../lists/namespace-scope.ts';
import { KindList, type ListingServer, type ListSession, reasonOf } from '../lists/kind-list.ts';
import { ConnectionError } from '../mcp/session/connection-error.ts';
import type { ClusterSight } from '../sight/cluster-sight.ts';

/** The kinds that most symptoms are of: what they show is reported before the others are listed. */
export const FIRST_KINDS: readonly WatchedKind[] = ['events', 'nodes', 'deployments', 'jobs', 'pods'];
export const OTHER_KINDS: readonly WatchedKind[] = WATCHED_KINDS.filter((kind) => !FIRST_KINDS.includes(kind));

/** Kinds whose objects belong to no namespace, or that not every cluster serves. */
const UNBOUND: ReadonlySet<WatchedKind> = new Set(['nodes', 'namespaces', 'certificates']);
/** Whether a server may list all namespaces is asked again after this time, ms. */
const SCOPE_VALID_MS = 15 * 60_000;

export interface ScanOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** No further list is asked for when it aborts. */
  signal?: AbortSignal;
  /** Default: all. */
  kinds?: readonly WatchedKind[];
  /** Whether the detector keeps all objects until the next scan: what has not changed is not read again. */
  remember?: boolean;
}

/**
 * Lists the objects of a cluster through the tool that every kubernetes-mcp-server has, and hands them to the detector. A kind
 * that cannot be listed is left out, with one warning; only when none can, the scan fails.
 */
export class ClusterScan {
  readonly #endpoint: string;
  readonly #logger: Logger;
  readonly #server: ListingServer = { form: 'unknown' };
  readonly #lists: Partial<Record<WatchedKind, KindList<WatchedKind>>> = {};
  readonly #sight: ClusterSight;
  readonly #timeout: number;
  readonly #unreadable = new Set<WatchedKind>();
  /** Kinds that the server lists in its own namespace alone, with the refusal for others. */
  readonly #bound = new Map<WatchedKind, string>();
  #scopeAskedAt = -Infinity;
  /** `pods shop`: namespaces that could not be listed, by kind. */
  readonly #blind = new Set<string>();

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
  async run(session: ListSession, detector: Detector, options: ScanOptions): Promise<number> {
    const { now, signal, kinds = WATCHED_KINDS } = options;
    const startedAt = now();
    const failures: string[] = [];
    const scanned = new Set<WatchedKind>();
    const namespaces = async (): Promise<string[] | undefined> => {
      if (!scanned.has('namespaces')) await list('namespaces');
      const names = detector.namespaces();
      return names.length > 0 ? names : undefined;
    };
    const list = async (kind: WatchedKind): Promise<void> => {
      signal?.throwIfAborted();
      scanned.add(kind);
      try {
        await this.#list(kind, session, detector, { ...options, namespaces });
      } catch (error) {
        // One list that takes too long says nothing about the others.
        if (error instanceof ConnectionError && error.code !== 'timeout') throw error;
        const problem = reasonOf(error);
        failures.push(problem);
        this.#leaveOut(kind, problem, detector);
      }
    };
    const isScopeOld = this.#bound.size > 0 || now() - this.#scopeAskedAt >= SCOPE_VALID_MS;
    if (kinds.includes('pods') && isScopeOld) await this.#askScope(session, now());
    for (const kind of kinds) if (!scanned.has(kind)) await list(kind);
    if (failures.length === scanned.size) {
      throw new ConnectionError('tool_failed', `${this.#endpoint}: nothing could be listed: ${failures[0]}`);
    }
    return startedAt;
  }

  /**
   * Lists the pods of one namespace. Success proves that the server reaches its API server and may list more than one namespace.
   * @param timeout ms
   * @param now milliseconds since the epoch
   * @returns whether it succeeded; if not, the reason is not known
   * @throws ConnectionError of the network
   */
  async prove(session: ListSession, timeout: number, now: number): Promise<boolean> {
    try {
      const { kind } = await listElsewhere(session, 'pods', timeout);
      if (kind !== 'listed') return false;
      this.#bound.clear();
      this.#scopeAskedAt = now;
      return true;
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      return false;
    }
  }

  /** @throws ConnectionError, or Error when the kind cannot be listed */
  async #list(
    kind: WatchedKind,
    session: ListSession,
    detector: Detector,
    { now, remember = false, namespaces }: ScanOptions & { namespaces: () => Promise<string[] | undefined> },
  ): Promise<void> {
    const list = (this.#lists[kind] ??= new KindList(kind, this.#server));
    const timeout = this.#timeout;
    const { strange, count, blind } = await list.run({ session, detector, now, remember, timeout, namespaces });
    if (strange > 0) this.#logger.warn({ kind, strange, of: count }, 'objects of unknown shape left out');
    const refusal = this.#bound.get(kind);
    if (refusal === undefined) this.#readable(kind);
    else this.#noteBound(kind, refusal, detector);
    this.#noteBlind(kind, blind);
  }

  /** Asks whether more than one namespace is listed: for pods, and if not, for each kind. Never fails. */
  async #askScope(session: ListSession, now: number): Promise<void> {
    try {
      const bound = new Map<WatchedKind, string>();
      for (const kind of ['pods', ...WATCHED_KINDS.filter((one) => one !== 'pods' && !UNBOUND.has(one))] as const) {
        const elsewhere = await listElsewhere(session, kind, this.#timeout);
        if (elsewhere.kind === 'refused') bound.set(kind, elsewhere.reason);
        if (bound.size === 0) break;
      }
      this.#bound.clear();
      for (const [kind, refusal] of bound) this.#bound.set(kind, refusal);
      this.#scopeAskedAt = now;
    } catch (error) {
      this.#logger.debug({ problem: reasonOf(error) }, 'scope of the lists is not known');
    }
  }

  /** The list succeeded, and lacks the objects of all namespaces but one. */
  #noteBound(kind: WatchedKind, refusal: string, detector: Detector): void {
    this.#sight.prove();
    const [listed = 'that of its kubeconfig'] = detector.namespacesWith(kind);
    if (!this.#sight.lostKinds('mcp').includes(kind)) {
      this.#logger.warn(
        { kind, namespace: listed, problem: refusal },
        'only one namespace is listed; faults of others are not seen',
      );
    }
    this.#sight.loseKind(kind, 'mcp', `namespaces other than ${listed}: ${refusal}`);
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

  #noteBlind(kind: WatchedKind, blind: ReadonlyMap<string, string>): void {
    const [first] = blind;
    if (first) {
      const more = blind.size > 1 ? ` (and ${blind.size - 1} more)` : '';
      this.#sight.loseKind(kind, 'mcp', `namespace ${first[0]}${more}: ${first[1]}`);
    }
    for (const [namespace, problem] of blind) {
      const id = `${kind} ${namespace}`;
      if (this.#blind.has(id)) continue;
      this.#blind.add(id);
      this.#logger.warn({ kind, namespace, problem }, 'namespace left out of the lists; its faults are not seen');
    }
    for (const id of this.#blind) {
      const [of, namespace = ''] = id.split(' ');
      if (of !== kind || blind.has(namespace)) continue;
      this.#blind.delete(id);
      this.#logger.info({ kind, namespace }, 'namespace can be listed again');
    }
  }
}
