import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The location of a message in Slack. */
const SlackCard = z.object({ channel: z.string(), ts: z.string() });
export type SlackCard = z.infer<typeof SlackCard>;

/** As long as incidents' rows are kept. */
const KEPT_SECONDS = 30 * 86_400;

/** The messages about incidents in Slack, so that they can be updated and get a thread. */
export class SlackCards {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  async get(incidentId: string): Promise<SlackCard | undefined> {
    const text = await ifReadable(this.#redis.get(this.#keys.slackCard(incidentId)), null);
    try {
      return text === null ? undefined : SlackCard.parse(JSON.parse(text));
    } catch {
      // A new message is better than none.
      return undefined;
    }
  }

  async set(incidentId: string, card: SlackCard): Promise<void> {
    await this.#redis.set(this.#keys.slackCard(incidentId), JSON.stringify(card), 'EX', KEPT_SECONDS);
  }
}
