import type { Principal } from '@nightcrier/core/access/principal';
import { type AuditAction, AuditEntry } from '@nightcrier/core/access/audit-entry';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Entries that are kept; the oldest ones go first. */
const KEPT_ENTRIES = 10_000;

/** A change to record. Values must be one line each; undefined ones are left out. */
export interface AuditedChange {
  action: AuditAction;
  subject: string;
  details?: Record<string, string | undefined>;
}

export interface AuditFilter {
  /** Entries that are read at a time; a page has at most so many, and fewer where a filter leaves some out. */
  limit: number;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
  action?: AuditAction | undefined;
  /** The author. */
  by?: string | undefined;
}

export interface AuditPage {
  /** The latest first. */
  entries: AuditEntry[];
  /** For the page of older entries; missing on the last one. */
  next_cursor?: string;
}

/** Who changed what: one entry for each change of state that somebody made through the API, the CLI or a receiver. */
export class AuditLog {
  readonly #redis: Redis;
  readonly #entries: string;
  readonly #sequence: string;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#entries = keys.audit;
    this.#sequence = keys.auditSequence;
    this.#now = now;
  }

  async record({ name: by, kind: by_kind }: Pick<Principal, 'name' | 'kind'>, change: AuditedChange): Promise<void> {
    const sequence = await this.#redis.incr(this.#sequence);
    const { action, subject, details = {} } = change;
    const entry: AuditEntry = {
      sequence,
      at: new Date(this.#now()).toISOString(),
      by,
      by_kind,
      action,
      subject,
      details: Object.fromEntries(
        Object.entries(details).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
      ),
    };
    const pipeline = this.#redis
      .pipeline()
      .zadd(this.#entries, sequence, JSON.stringify(entry))
      .zremrangebyrank(this.#entries, 0, -KEPT_ENTRIES - 1);
    const failure = (await pipeline.exec())?.find(([error]) => error !== null)?.[0];
    if (failure) throw failure;
  }

  async page(filter: AuditFilter): Promise<AuditPage> {
    for (let { cursor } = filter; ;) {
      const { entries, next_cursor } = await this.#read(filter.limit, cursor);
      const found = entries.filter(
        ({ action, by }) => (filter.action ?? action) === action && (filter.by ?? by) === by,
      );
      if (found.length > 0 || next_cursor === undefined)
        return { entries: found, ...(next_cursor !== undefined && { next_cursor }) };
      cursor = next_cursor;
    }
  }

  async #read(limit: number, cursor: string | undefined): Promise<AuditPage> {
    const from = cursor === undefined ? '+inf' : `(${cursor}`;
    const rows = await ifReadable(this.#redis.zrevrangebyscore(this.#entries, from, '-inf', 'LIMIT', 0, limit), []);
    const entries = rows.flatMap((row) => storedJson(AuditEntry, row) ?? []);
    const last = entries.at(-1);
    return { entries, ...(rows.length === limit && last && { next_cursor: String(last.sequence) }) };
  }
}
