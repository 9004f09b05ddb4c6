import type { Redis } from 'ioredis';
import { ALERT_OUTCOMES, type AlertOutcome, UnassignedAlert } from '@nightcrier/core/alerts/alert-outcome';
import { z } from 'zod';
import { countOf, ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Counts of the alerts that were received, and the latest that could not be assigned. Rejects while Redis is unreachable. */
export class AlertCounters {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #note: LuaScript;

  constructor(context: StateContext) {
    const { redis, keys, now } = context;
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
    this.#note = defineScript(context, 'alerts/note-dropped-alerts');
  }

  /** @param unassigned by fingerprint */
  async note(
    counts: Partial<Record<AlertOutcome, number>>,
    unassigned: ReadonlyMap<string, UnassignedAlert> = new Map(),
  ): Promise<void> {
    const { alertCounts, unassignedAlerts } = this.#keys;
    const listed = [...unassigned].flatMap(([fingerprint, alert]) => [fingerprint, JSON.stringify(alert)]);
    await this.#note([alertCounts, ...unassignedAlerts], [String(this.#now()), JSON.stringify(counts), ...listed]);
  }

  /** Returns the counts since the installation. */
  async read(): Promise<Record<AlertOutcome, number>> {
    const row = await ifReadable(this.#redis.hgetall(this.#keys.alertCounts), {});
    const entries = ALERT_OUTCOMES.map((outcome): [AlertOutcome, number] => [outcome, countOf(row[outcome])]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every outcome is in the list
    return Object.fromEntries(entries) as Record<AlertOutcome, number>;
  }

  /** Returns the latest alerts that could not be assigned, the newest first. */
  async unassigned(): Promise<UnassignedAlert[]> {
    const [hash = ''] = this.#keys.unassignedAlerts;
    const texts = await ifReadable(this.#redis.hvals(hash), []);
    const alerts = texts.flatMap((text) => z.safeParse(UnassignedAlert, parse(text)).data ?? []);
    return alerts.sort((one, other) => Date.parse(other.received_at) - Date.parse(one.received_at));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
