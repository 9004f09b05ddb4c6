import { INTAKE_OUTCOMES, type IntakeOutcome } from '@nightcrier/core/admission';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StateKeys } from './keys.ts';

/** Counted by the ingester itself; all others are counted by admission, in the same step as what they count. */
export type EarlyOutcome = Extract<IntakeOutcome, 'filtered' | 'malformed' | 'skipped' | 'lost'>;

/** What is counted: what became of each received fault, and `dropped`, the waiting incidents that gave way to others. */
const COUNTED = [...INTAKE_OUTCOMES, 'dropped'] as const;
const IntakeCounts = z.record(z.enum(COUNTED), z.number());
export type IntakeCounts = z.infer<typeof IntakeCounts>;

/** Counts since the beginning. Clusters that never reported anything are missing. */
export interface Intake {
  total: IntakeCounts;
  clusters: Record<string, IntakeCounts>;
}

/** The books of the intake, kept in one hash so that they are read at one instant. */
export class IntakeCounters {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(options: { redis: Redis; key_prefix: string }) {
    this.#redis = options.redis;
    this.#key = new StateKeys(options.key_prefix).intake;
  }

  /** Counts faults that did not get as far as admission. */
  async count(cluster: string, outcome: EarlyOutcome, by = 1): Promise<void> {
    const results = await this.#redis
      .multi()
      .hincrby(this.#key, outcome, by)
      .hincrby(this.#key, `${outcome}:${cluster}`, by)
      .exec();
    const failed = results?.find(([error]) => error)?.[0];
    if (failed) throw failed;
  }

  async read(): Promise<Intake> {
    const intake: Intake = { total: noCounts(), clusters: {} };
    for (const [field, value] of Object.entries(await this.#redis.hgetall(this.#key))) {
      const [outcome = '', cluster] = field.split(':', 2);
      const counted = COUNTED.find((name) => name === outcome);
      if (counted === undefined) continue;
      const counts = cluster === undefined ? intake.total : (intake.clusters[cluster] ??= noCounts());
      counts[counted] = Number(value);
    }
    return intake;
  }
}

function noCounts(): IntakeCounts {
  return IntakeCounts.parse(Object.fromEntries(COUNTED.map((outcome) => [outcome, 0])));
}
