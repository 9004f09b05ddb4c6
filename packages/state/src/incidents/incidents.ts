import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import type { AgentUsage } from '@nightcrier/core/incidents/agent-usage';
import { INCIDENT_STATES, type Incident, IncidentState } from '@nightcrier/core/incidents/incident';
import { storedName } from '@nightcrier/core/incidents/stored-name';
import { StoredIncidentState } from '@nightcrier/core/incidents/stored-state';
import { GatewayCounts } from '@nightcrier/core/gateway/door-entry';
import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets, hideSecretsIn } from '@nightcrier/core/settings/known-secrets';
import type { IncidentEndEvent } from '@nightcrier/core/incidents/notification';
import { determinationOf, type ReportSummary } from '@nightcrier/core/incidents/report';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { CorruptIncidentError, GATEWAY_FIELD, parseIncidentRow } from './incident-row.ts';
import { ifReadable } from '../damage/if-readable.ts';
import { cursorOf, parseCursor, type Position, readIndex } from '../redis/index-page.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The states in which an investigation can end. */
export type EndState = Exclude<IncidentState, 'queued' | 'investigating' | 'dropped' | 'rejected'>;

export interface IncidentEnd {
  state: EndState;
  /** Why, as text, where the state does not tell. */
  reason?: string;
  /** Failures of agents, in their order. */
  agent_failures?: readonly AgentFailure[];
  report?: ReportSummary;
  agent?: string;
  /** The notification of the end, if one is due. */
  notify?: IncidentEndEvent;
}

/** The result of a change of state. The list is closed. */
export type Transition =
  /** `attempts` is the number of investigations that were started. */
  | { kind: 'changed'; attempts: number }
  /** Nothing was changed: the incident has ended before. */
  | { kind: 'final'; state: IncidentState }
  /** Nothing was changed: there is no such row. */
  | { kind: 'missing' };

export interface IncidentFilter {
  state?: IncidentState;
  cluster?: string;
  /** Maximum of incidents to return, at least 1. */
  limit: number;
  /** `next` of the page before. */
  cursor?: string;
}

export interface IncidentList {
  /** Newest first. */
  incidents: Incident[];
  /** Ids of listed incidents whose rows cannot be read; also logged. */
  corrupt: string[];
  /** Where the next page begins; missing on the last one. */
  next?: string;
}

/** What `lua/incident-transition.lua` reads as ARGV[1]. */
interface TransitionRequest {
  incident_id: string;
  /** See `storedName`. */
  to: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Added to the attempts. */
  attempts: 0 | 1 | -1;
  set: Record<string, string>;
  clear: string[];
  notify?: IncidentEndEvent;
}

const Reply = z.union([
  z.tuple([z.literal('changed'), z.number()]).transform(([kind, attempts]) => ({ kind, attempts })),
  z.tuple([z.literal('final'), StoredIncidentState]).transform(([kind, state]) => ({ kind, state })),
  z.tuple([z.literal('missing')]).transform(([kind]) => ({ kind })),
]) satisfies z.ZodType<Transition>;

const Counts = z.record(IncidentState, z.number());

const LONGEST_REASON = 1_000;
/** Rows read in one round trip of a list. */
const PAGE = 100;
/** A process that indexes former incidents is taken for dead after this time. */
const INDEXING_SECONDS = 600;
const INDEXED_AT_ONCE = 500;
/** Reports are deleted with their rows, and at the latest after this time. */
const REPORT_SECONDS = 30 * 24 * 3600;

/**
 * The incidents' rows, from admission, which creates them, to their end. Kept are all open ones, and for up to 30 days the
 * newest 10,000 of each final state, 1,000 of each state of shed incidents (see
 * `lua/state/trim-state.lua`).
 */
export class IncidentStore {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #script: LuaScript;
  readonly #setAside: LuaScript;
  readonly #addUsage: LuaScript;
  readonly #indexFormer: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys, logger, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#logger = logger;
    this.#now = now;
    this.#script = defineScript(context, 'incidents/incident-transition');
    this.#setAside = defineScript(context, 'incidents/set-aside');
    this.#addUsage = defineScript(context, 'incidents/add-usage');
    this.#indexFormer = defineScript(context, 'incidents/index-former');
  }

  /** @throws CorruptIncidentError when the row cannot be read. */
  async get(id: string): Promise<Incident | undefined> {
    const row = await this.#row(id);
    return Object.keys(row).length === 0 ? undefined : parseIncidentRow(id, row);
  }

  /**
   * Lists incidents, newest first.
   * @throws RangeError for a cursor that no page of such a list has returned
   */
  async list({ state, cluster, limit, cursor }: IncidentFilter): Promise<IncidentList> {
    const index = {
      name: state ?? 'all',
      key: state === undefined ? this.#keys.incidents : this.#keys.incidentsIn(state),
    };
    const isIndexed = cluster !== undefined && (await this.#redis.exists(this.#keys.incidentsIndexed.complete)) === 1;
    if (isIndexed) index.key = this.#keys.incidentsOf(cluster);
    const list: IncidentList = { incidents: [], corrupt: [] };
    let after = cursor === undefined ? undefined : parseCursor(cursor, [index]);
    for (;;) {
      const found = await ifReadable(readIndex(this.#redis, index, after, PAGE), []);
      const wanted = new Set(await this.#wanted(found, isIndexed ? { state } : { cluster }));
      const rows = await this.#rows(found.filter((one) => wanted.has(one)));
      for (const one of found) {
        if (list.incidents.length === limit && after) return { ...list, next: cursorOf(after) };
        after = one;
        if (wanted.has(one)) this.#take(one.member, rows.get(one.member) ?? {}, list);
      }
      if (found.length < PAGE) return list;
    }
  }

  /**
   * Adds the incidents of versions before 0.2 to the index by cluster, in steps; once a day, whichever process calls first. Until
   * it is complete, a list of a cluster reads all incidents.
   */
  async indexFormer(): Promise<void> {
    const { running, complete } = this.#keys.incidentsIndexed;
    if ((await this.#redis.set(running, '1', 'EX', INDEXING_SECONDS, 'NX')) === null) return;
    const index = { name: 'all', key: this.#keys.incidents };
    let after: Position | undefined;
    for (;;) {
      const found = await ifReadable(readIndex(this.#redis, index, after, INDEXED_AT_ONCE), []);
      await this.#indexFormer([], [String(this.#now()), ...found.map(({ member }) => member)]);
      after = found.at(-1);
      if (found.length < INDEXED_AT_ONCE) break;
    }
    await this.#redis.set(complete, '1');
    await this.#redis.set(running, '1', 'EX', 86_400);
  }

  /** Returns the number of incidents in each state. */
  async counts(): Promise<Record<IncidentState, number>> {
    const counts = await Promise.all(
      INCIDENT_STATES.map(
        async (state) => [state, await ifReadable(this.#redis.zcard(this.#keys.incidentsIn(state)), 0)] as const,
      ),
    );
    return Counts.parse(Object.fromEntries(counts));
  }

  /** Returns when the oldest incident that is queued was created, in ms since the epoch; undefined without one. */
  async oldestQueued(): Promise<number | undefined> {
    const [, created] = await ifReadable(
      this.#redis.zrange(this.#keys.incidentsIn('queued'), '0', '0', 'WITHSCORES'),
      [],
    );
    return created === undefined ? undefined : Number(created);
  }

  /** Records that a worker starts an investigation. The state may be `investigating` already: the previous worker died. */
  async begin(id: string, { workspace, agent }: { workspace?: string; agent?: string } = {}): Promise<Transition> {
    const set = { started_at: this.#time(), ...(workspace && { workspace }), ...(agent && { agent }) };
    return this.#change({ incident_id: id, to: 'investigating', attempts: 1, set, clear: ['reason'] });
  }

  /**
   * Records that an incident waits again, delayed. Call it before the job returns to the queue, because a worker may take the
   * job immediately. `attempt_counts: false` takes back the attempt that `begin` counted.
   */
  async requeued(id: string, cause: string, { attempt_counts = true } = {}): Promise<Transition> {
    const reason = hideSecrets(cause);
    return this.#change({
      incident_id: id,
      to: 'queued',
      attempts: attempt_counts ? 0 : -1,
      set: { reason, ...(attempt_counts && { last_failure: reason }) },
      clear: [],
    });
  }

  /** Ends an incident. Its fault gets a new incident once the dedup window has passed. */
  async finish(id: string, { state, reason, agent_failures, report, agent, notify }: IncidentEnd): Promise<Transition> {
    const set = {
      finished_at: this.#time(),
      ...(reason && { reason: hideSecrets(reason) }),
      ...(agent_failures && { agent_failures: JSON.stringify(agent_failures.map(withoutSecrets)) }),
      ...(report && { report: JSON.stringify(hideSecretsIn(report)), ...determinationFields(report) }),
      ...(agent && { agent }),
    };
    return this.#change({
      incident_id: id,
      to: storedName(state),
      attempts: 0,
      set,
      clear: [],
      ...(notify && { notify }),
    });
  }

  /** Adds what one run of an agent has used to its incident, in any state, and to the totals of the agent. */
  async addUsage(id: string, agent: string, { cost_source, ...figures }: AgentUsage): Promise<void> {
    await this.#addUsage([], [id, agent, JSON.stringify(figures), cost_source ?? '']);
  }

  /** Adds what a run of an agent did through the gateway to its incident, if it still has a row. */
  async addDoorCounts(id: string, counts: GatewayCounts): Promise<void> {
    const key = this.#keys.incident(id);
    if ((await this.#redis.exists(key)) === 0) return;
    const pipeline = this.#redis.pipeline();
    for (const [name, value] of Object.entries(GatewayCounts.parse(counts))) {
      pipeline.hincrby(key, `${GATEWAY_FIELD}${name}`, value);
    }
    await pipeline.exec();
  }

  /** Stores the Markdown of an incident's report. */
  async saveReport(id: string, markdown: string): Promise<void> {
    await this.#redis.set(this.#keys.report(id), markdown, 'EX', REPORT_SECONDS);
  }

  /** Returns the Markdown of an incident's report, undefined if there is none. */
  async report(id: string): Promise<string | undefined> {
    return (await ifReadable(this.#redis.get(this.#keys.report(id)), null)) ?? undefined;
  }

  /**
   * Moves the row of an incident aside that cannot be read, so that its job can end: it would be taken again and again.
   * @param reason for the record of damaged values
   */
  async setAside(id: string | Buffer, reason: string): Promise<void> {
    await this.#setAside([], [id, hideSecrets(reason).slice(0, LONGEST_REASON), String(this.#now())]);
  }

  /** A value that is no hash has no readable field. */
  async #row(id: string): Promise<Record<string, string>> {
    return ifReadable(this.#redis.hgetall(this.#keys.incident(id)), { state: '' });
  }

  async #change(change: Omit<TransitionRequest, 'now'>): Promise<Transition> {
    const request: TransitionRequest = { ...change, now: this.#now() };
    return Reply.parse(await this.#script([], [JSON.stringify(request)]));
  }

  /** Selects entries by a field of their rows. */
  async #wanted(found: Position[], { state, cluster }: Pick<IncidentFilter, 'state' | 'cluster'>): Promise<Position[]> {
    if (state === undefined && cluster === undefined) return found;
    const [field, value] = cluster === undefined ? ['state', storedName(state ?? 'queued')] : ['cluster_name', cluster];
    const values = await Promise.all(
      found.map(async ({ member }) => ifReadable(this.#redis.hget(this.#keys.incident(member), field), null)),
    );
    return found.filter((_, at) => values[at] === value || (field === 'state' && values[at] === state));
  }

  async #rows(entries: Position[]): Promise<Map<string, Record<string, string>>> {
    return new Map(await Promise.all(entries.map(async ({ member }) => [member, await this.#row(member)] as const)));
  }

  #take(id: string, row: Record<string, string>, list: IncidentList): void {
    // Deleted by the retention since its id was read.
    if (Object.keys(row).length === 0) return;
    try {
      list.incidents.push(parseIncidentRow(id, row));
    } catch (error) {
      if (!(error instanceof CorruptIncidentError)) throw error;
      this.#logger.error({ incident_id: id, error: error.message }, 'incident row unreadable');
      list.corrupt.push(id);
    }
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** Kind and agent of a failure are names; the rest is text from outside. */
function withoutSecrets(failure: AgentFailure): AgentFailure {
  const shown = { ...failure };
  if ('reason' in shown) shown.reason = hideSecrets(shown.reason);
  if ('stderr' in shown && shown.stderr !== undefined) shown.stderr = hideSecrets(shown.stderr);
  return shown;
}

/** The determination of a report as fields of a row, which are strings. */
function determinationFields(report: ReportSummary): Record<string, string> {
  return Object.fromEntries(Object.entries(determinationOf(report)).map(([field, value]) => [field, String(value)]));
}
