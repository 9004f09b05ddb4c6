import type { Logger } from '@nightcrier/core/logger';
import type { z } from 'zod';
import { ConnectionError } from '../mcp/session/connection-error.ts';
import {
  type ClusterSnapshot,
  Conditioned,
  Pod,
  POLLED_KINDS,
  type PolledKind,
  WarningEvent,
} from '../detection/resource-kinds.ts';
import type { McpSession } from '../mcp/session/session.ts';
import { LIST_RESOURCES_TOOL, resourcesOf } from '../mcp/session/tools.ts';
import { cleanText } from '../mcp/wire-text.ts';

/** A listing of a large cluster takes its time. */
const LIST_TIMEOUT_MS = 30_000;

/** Events first: what one tells of, the state shows that is read after it. The other way round, it would be a fault of its own. */
const KINDS = ['events', 'nodes', 'pods', 'jobs', 'deployments'] as const satisfies readonly PolledKind[];

/**
 * Looks at a cluster through the listing tool that every kubernetes-mcp-server has. A kind that cannot be listed is left
 * out, with one warning; only when none can, the look fails.
 */
export class ClusterLook {
  readonly #endpoint: string;
  readonly #logger: Logger;
  readonly #unreadable = new Set<PolledKind>();

  constructor(endpoint: string, logger: Logger) {
    this.#endpoint = endpoint;
    this.#logger = logger;
  }

  /**
   * Lists everything once. `complete` tells whether all kinds are there that are usually there: one that fails for the
   * first time is probably back at the next look, with the faults it had.
   * @throws ConnectionError when the session is lost or no kind can be listed
   */
  async take(session: Pick<McpSession, 'call'>): Promise<{ snapshot: ClusterSnapshot; complete: boolean }> {
    const before = new Set(this.#unreadable);
    const snapshot = await this.#list(session);
    return { snapshot, complete: [...this.#unreadable].every((kind) => before.has(kind)) };
  }

  async #list(session: Pick<McpSession, 'call'>): Promise<ClusterSnapshot> {
    const snapshot: ClusterSnapshot = { takenAt: new Date() };
    const failures: string[] = [];
    for (const kind of KINDS) {
      const answer = await session.call(LIST_RESOURCES_TOOL, { ...POLLED_KINDS[kind] }, LIST_TIMEOUT_MS);
      try {
        if (answer.isError) throw new Error(answer.text);
        this.#fill(snapshot, kind, resourcesOf(answer));
        this.#readable(kind);
      } catch (error) {
        const problem = cleanText(error instanceof Error ? error.message : String(error), 300, { lines: false });
        failures.push(problem);
        this.#cannotRead(kind, problem);
      }
    }
    if (failures.length === KINDS.length) {
      throw new ConnectionError('tool_failed', `${this.#endpoint}: nothing could be listed: ${failures[0]}`);
    }
    return snapshot;
  }

  #fill(snapshot: ClusterSnapshot, kind: PolledKind, items: unknown[]): void {
    switch (kind) {
      case 'pods':
        snapshot.pods = this.#parse(kind, Pod, items);
        return;
      case 'events':
        snapshot.events = this.#parse(kind, WarningEvent, items);
        return;
      case 'nodes':
      case 'jobs':
      case 'deployments':
        snapshot[kind] = this.#parse(kind, Conditioned, items);
    }
  }

  /** One strange object does not hide the others. */
  #parse<T extends z.ZodType>(kind: PolledKind, schema: T, items: unknown[]): z.infer<T>[] {
    const results = items.map((item) => schema.safeParse(item));
    const strange = results.filter(({ success }) => !success).length;
    if (strange > 0) this.#logger.warn({ kind, strange, of: items.length }, 'objects of unknown shape left out');
    return results.flatMap((result) => (result.success ? [result.data] : []));
  }

  #cannotRead(kind: PolledKind, problem: string): void {
    if (this.#unreadable.has(kind)) return;
    this.#unreadable.add(kind);
    this.#logger.warn({ kind, problem }, 'polling cannot list a kind; its faults are not seen');
  }

  #readable(kind: PolledKind): void {
    if (this.#unreadable.delete(kind)) this.#logger.info({ kind }, 'polling can list a kind again');
  }
}
