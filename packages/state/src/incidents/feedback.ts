import { ReportFeedback } from '@nightcrier/core/incidents/report-feedback';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** As long as incidents' rows are kept. */
const KEPT_SECONDS = 30 * 86_400;
/** People whose feedback on one report is kept. */
const MOST_AUTHORS = 100;

/** What people think of the reports on incidents: the last word of each. */
export class Feedback {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @throws RangeError when too many others have given feedback */
  async give(incidentId: string, feedback: ReportFeedback): Promise<void> {
    const key = this.#keys.feedback(incidentId);
    const isNew = (await ifReadable(this.#redis.hexists(key, feedback.by), 0)) === 0;
    if (isNew && (await ifReadable(this.#redis.hlen(key), 0)) >= MOST_AUTHORS)
      throw new RangeError(`${MOST_AUTHORS} people have given feedback on this report, which is the most`);
    await this.#redis.hset(key, feedback.by, JSON.stringify(feedback));
    await this.#redis.pexpire(key, KEPT_SECONDS * 1000);
  }

  /** Returns the feedback on a report, the latest first. */
  async read(incidentId: string): Promise<ReportFeedback[]> {
    const rows = await ifReadable(this.#redis.hvals(this.#keys.feedback(incidentId)), []);
    return rows
      .flatMap((row) => storedJson(ReportFeedback, row) ?? [])
      .toSorted((one, other) => other.at.localeCompare(one.at));
  }
}
