import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { StoredIncidentState } from '@nightcrier/core/incidents/stored-state';
import { ReportSummary } from '@nightcrier/core/incidents/report';
import { PROBLEM_STATES, type Problem, type ProblemState } from '@nightcrier/core/problems/problem';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable, isWrongType } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import { parseProblemRow } from '../problems/problem-row.ts';
import { cursorOf, parseCursor, type Position, readIndex } from '../redis/index-page.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

export interface ProblemQuery {
  /** Default: all, those that are firing first, then the recovered ones, then the closed ones. */
  state?: ProblemState | undefined;
  cluster?: string | undefined;
  /** Decides by cluster and key, before the row is read. */
  isNamed?: ((cluster: string, key: string) => boolean) | undefined;
  /** Decides by the row and the latest investigation. */
  matches?: ((found: FoundProblem) => boolean) | undefined;
  /** Maximum of problems of a page, at least 1. */
  limit: number;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

/** The latest investigation of a problem, in short. */
export interface LatestInvestigation {
  incident_id: string;
  state: z.infer<typeof StoredIncidentState>;
  /** That of its report. */
  title?: string | undefined;
  cause?: Cause | undefined;
  /** Percent. */
  confidence?: number | undefined;
}

export interface FoundProblem {
  problem: Problem;
  latest?: LatestInvestigation | undefined;
}

export interface ProblemResults {
  /** Of each state the latest change first. */
  found: FoundProblem[];
  /** Where the search goes on; missing when it has read everything. */
  next?: string;
  /** The search ended before the page was full, after {@link MOST_ROWS} rows: `next` goes on. */
  isPartial: boolean;
}

/** Rows that one search reads at most. */
export const MOST_ROWS = 2_000;
/** Entries of indexes that one search reads at most. */
const MOST_ENTRIES = 20_000;
const BATCH = 500;

const Row = z.record(z.string(), z.string());
const Incident = z.tuple([StoredIncidentState.nullable().catch(null), z.string().nullable().catch(null)]);

/**
 * Finds problems page by page through the indexes by state and cluster. One call reads a bounded number of rows, however many
 * problems there are.
 */
export class ProblemSearch {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @throws RangeError for a cursor that no page of this list has returned */
  async find(query: ProblemQuery): Promise<ProblemResults> {
    const { state, cluster, limit, cursor } = query;
    const states = state === undefined ? PROBLEM_STATES : [state];
    const indexes = states.map((name) => ({ name, key: this.#keys.problemsIn(name, cluster) }));
    const start = cursor === undefined ? undefined : parseCursor(cursor, indexes);
    const batch = query.isNamed || query.matches ? BATCH : limit + 1;
    const found: { position: Position; one: FoundProblem }[] = [];
    let [rows, entries] = [0, 0];
    for (const index of indexes.slice(start ? indexes.findIndex(({ name }) => name === start.index) : 0)) {
      let after = start?.index === index.name ? start : undefined;
      for (let isLast = false; !isLast;) {
        const positions = await ifReadable(readIndex(this.#redis, index, after, batch), []);
        const wanted = positions.filter(({ member }) => query.isNamed?.(...nameOf(member)) ?? true);
        found.push(...(await this.#matching(wanted, query)));
        if (found.length > limit) return pageOf(found, limit);
        after = positions.at(-1) ?? after;
        rows += wanted.length;
        entries += positions.length;
        isLast = positions.length < batch;
        if (!isLast && after && (rows >= MOST_ROWS || entries >= MOST_ENTRIES))
          return { found: found.map(({ one }) => one), next: cursorOf(after), isPartial: true };
      }
    }
    return { found: found.map(({ one }) => one), isPartial: false };
  }

  /** Returns the latest investigations of problems, in their order. */
  async latestOf(problems: readonly Problem[]): Promise<FoundProblem[]> {
    const ids = problems.map(({ incidents: [id] }) => id);
    const pipeline = this.#redis.pipeline();
    for (const id of ids) if (id !== undefined) pipeline.hmget(this.#keys.incident(id), 'state', 'report');
    const replies = ((await pipeline.exec()) ?? []).values();
    return problems.map((problem, index) => {
      const id = ids[index];
      const latest = id === undefined ? undefined : investigationOf(id, replies.next().value);
      return { problem, ...(latest && { latest }) };
    });
  }

  async #matching(
    positions: Position[],
    { matches }: ProblemQuery,
  ): Promise<{ position: Position; one: FoundProblem }[]> {
    const pipeline = this.#redis.pipeline();
    for (const { member } of positions) pipeline.hgetall(this.#keys.problem(...nameOf(member)));
    const rows = (await pipeline.exec()) ?? [];
    const read = positions.flatMap((position, index) => {
      const [error, row] = rows[index] ?? [null, {}];
      if (isWrongType(error)) return [];
      if (error) throw error;
      const problem = parseProblemRow(...nameOf(position.member), Row.parse(row));
      return problem ? [{ position, problem }] : [];
    });
    const found = await this.latestOf(read.map(({ problem }) => problem));
    return read.flatMap(({ position }, index) => {
      const one = found[index];
      return one && (matches?.(one) ?? true) ? [{ position, one }] : [];
    });
  }
}

function pageOf(found: { position: Position; one: FoundProblem }[], limit: number): ProblemResults {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { found: page.map(({ one }) => one), ...(last && { next: cursorOf(last.position) }), isPartial: false };
}

/** Undefined for an incident whose row is gone or unreadable. */
function investigationOf(id: string, reply: [Error | null, unknown] | undefined): LatestInvestigation | undefined {
  const { data } = Incident.safeParse(reply?.[1]);
  const [state, text] = data ?? [];
  if (!state) return undefined;
  const report = text ? storedJson(ReportSummary, text) : undefined;
  const first = report?.diagnosis?.hypotheses[0];
  return {
    incident_id: id,
    state,
    title: report?.title,
    cause: first?.cause,
    confidence: report?.confidence ?? first?.confidence,
  };
}

/** Cluster and key of a problem as indexes name it. */
function nameOf(member: string): [cluster: string, key: string] {
  const at = member.indexOf('|');
  return [member.slice(0, at), member.slice(at + 1)];
}
