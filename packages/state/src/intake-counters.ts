import { INTAKE_OUTCOMES, type IntakeOutcome } from '@nightcrier/core/admission';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { StateKeys } from './keys.ts';

/** Counted by the ingester itself; all others are counted by admission, in the same step as what they count. */
export type EarlyOutcome = Extract<IntakeOutcome, 'filtered' | 'malformed' | 'skipped'>;

/** A malformed message, and what is wrong with it. One that did no harm is not among the outcomes. */
export interface MalformedCount {
  malformed: string;
  harmless?: boolean;
}

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
  readonly #malformedKey: string;

  constructor(options: { redis: Redis; key_prefix: string }) {
    this.#redis = options.redis;
    const keys = new StateKeys(options.key_prefix);
    this.#key = keys.intake;
    this.#malformedKey = keys.malformed;
  }

  /** Counts faults that did not get as far as admission. */
  async count(cluster: string, counted: EarlyOutcome | MalformedCount, by = 1): Promise<void> {
    const changes = this.#redis.multi();
    if (typeof counted === 'object') changes.hincrby(this.#malformedKey, `${counted.malformed}:${cluster}`, by);
    if (typeof counted === 'string' || !counted.harmless) {
      const outcome = typeof counted === 'string' ? counted : 'malformed';
      changes.hincrby(this.#key, outcome, by).hincrby(this.#key, `${outcome}:${cluster}`, by);
    }
    const results = await changes.exec();
    const failed = results?.find(([error]) => error)?.[0];
    if (failed) throw failed;
  }

  /** By cluster and reason, how much of what a server sent was malformed. */
  async readMalformed(): Promise<{ cluster: string; reason: string; count: number }[]> {
    return Object.entries(await this.#redis.hgetall(this.#malformedKey)).map(([field, value]) => {
      const [reason = '', cluster = ''] = field.split(':', 2);
      return { cluster, reason, count: Number(value) };
    });
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
