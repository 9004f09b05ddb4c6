import type { Budget, Budgets } from '@nightcrier/core/gateway/budgets';
import { ExhaustedBudget } from '@nightcrier/core/problems/exhausted-budget';
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { StateKeys } from '../redis/keys.ts';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** What a request costs, or can cost at most. */
export interface ModelCost {
  tokens: number;
  /** 0 for a model without a price. */
  usd: number;
}

export interface BudgetedRequest {
  incident_id: string;
  cluster: string;
  /** At most. */
  cost: ModelCost;
  /** Seconds after which it counts in full, because its gateway must have died. */
  seconds: number;
}

export type Reservation =
  | { kind: 'reserved'; id: string }
  | { kind: 'exhausted'; scope: string; limit: 'tokens' | 'usd' };

const DAY = 24 * 3600;
/** Seconds for which a scope is remembered after its last request. */
const KEPT = { incident: 30 * DAY, day: 3 * DAY };

const Reply = z.union([
  z.tuple([z.literal('reserved')]),
  z.tuple([z.literal('exhausted'), z.string(), z.enum(['tokens', 'usd'])]),
]);
const Figures = z.object({ tokens: z.coerce.number().default(0), micro_usd: z.coerce.number().default(0) });

/** What models cost, over all gateways: reserved before a request, and settled after it. */
export class ModelBudgets {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #reserve: LuaScript;
  readonly #settle: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#keys = context.keys;
    this.#now = context.now;
    this.#reserve = defineScript(context, 'budgets/reserve-budget');
    this.#settle = defineScript(context, 'budgets/settle-budget');
  }

  /** Reserves the cost of a request, if no budget would be exceeded. */
  async reserve({ incident_id, cluster, cost, seconds }: BudgetedRequest, budgets: Budgets): Promise<Reservation> {
    const id = randomUUID();
    const day = this.#day();
    const at = this.#now();
    const scopes = [
      scope(`incident:${incident_id}`, KEPT.incident, budgets.incident, {
        scope: 'incident',
        cluster,
        incident_id,
        at,
      }),
      scope(`cluster:${cluster}:${day}`, KEPT.day, budgets.cluster_per_day, { scope: 'cluster', cluster, at }),
      scope(`day:${day}`, KEPT.day, budgets.per_day, { scope: 'day', at }),
    ];
    const ms = String(Math.ceil(seconds * 1000));
    const reply = Reply.parse(await this.#reserve([], [id, ...figures(cost), ms, JSON.stringify(scopes)]));
    return reply[0] === 'reserved'
      ? { kind: 'reserved', id }
      : { kind: 'exhausted', scope: nameOf(reply[1]), limit: reply[2] };
  }

  /** Replaces a reservation by what the request has cost. */
  async settle(reservation: string, cost: ModelCost): Promise<void> {
    await this.#settle([], [reservation, ...figures(cost)]);
  }

  /**
   * Returns the budgets that are used up: those of today, and of each cluster the last incident that was refused within an hour. Forgets
   * what is older.
   */
  async exhausted(): Promise<ExhaustedBudget[]> {
    const key = this.#keys.exhaustedBudgets;
    const entries = Object.entries(await ifReadable(this.#redis.hgetall(key), {})).map(([name, text]) => ({
      name,
      refusal: storedJson(Refusal, text),
    }));
    const isCurrent = ({ name, refusal }: (typeof entries)[number]): boolean =>
      refusal?.scope === 'incident' ? this.#now() - refusal.at < REFUSED_MS : name.endsWith(this.#day());
    const outdated = entries.filter((entry) => !entry.refusal || !isCurrent(entry)).map(({ name }) => name);
    if (outdated.length > 0) await this.#redis.hdel(key, ...outdated);
    const current = entries
      .flatMap((entry) => (entry.refusal && isCurrent(entry) ? [entry.refusal] : []))
      .toSorted((one, other) => one.at - other.at);
    const byBudget = new Map(current.map((refusal) => [`${refusal.scope} ${refusal.cluster ?? ''}`, refusal]));
    return [...byBudget.values()].map((refusal) => ExhaustedBudget.parse(refusal));
  }

  /** Returns what is settled today. */
  async today(): Promise<ModelCost> {
    const day = this.#day();
    const { tokens, micro_usd } = Figures.parse(await this.#redis.hgetall(this.#keys.budget(`day:${day}`)));
    return { tokens, usd: micro_usd / 1_000_000 };
  }

  /** As the names of scopes have it, UTC. */
  #day(): string {
    return new Date(this.#now()).toISOString().slice(0, 10);
  }
}

/** How long an incident that was refused counts, ms. */
const REFUSED_MS = 3_600_000;
const Refusal = ExhaustedBudget.extend({ at: z.number() });

/** @param about what is kept of the scope when a request exceeds it, beside the limit */
function scope(
  name: string,
  keep: number,
  { tokens = -1, usd }: Budget = {},
  about: Omit<z.infer<typeof Refusal>, 'limit'>,
): object {
  return { name, keep, tokens, micro_usd: usd === undefined ? -1 : Math.floor(usd * 1_000_000), about };
}

function figures({ tokens, usd }: ModelCost): string[] {
  return [String(Math.ceil(tokens)), String(Math.ceil(usd * 1_000_000))];
}

/** `incident`, `cluster` or `day`. */
function nameOf(scopeName: string): string {
  return scopeName.slice(0, scopeName.indexOf(':'));
}
