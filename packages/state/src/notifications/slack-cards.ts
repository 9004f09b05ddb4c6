import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The location of a message in Slack. */
const SlackCard = z.object({
  channel: z.string(),
  ts: z.string(),
  /** That of the notification that it shows; missing in cards of earlier versions. */
  sequence: z.number().optional(),
});
export type SlackCard = z.infer<typeof SlackCard>;

/** As long as incidents' rows are kept. */
const KEPT_SECONDS = 30 * 86_400;

/** The messages about problems in Slack, so that they can be updated and get a thread. Earlier versions kept them by incident. */
export class SlackCards {
  readonly #redis: Redis;
  readonly #keys: StateKeys;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @param subject `<cluster>/<problem>`, for other targets than that of `slack_channel` with `@<target>`; or the id of an incident */
  async get(subject: string): Promise<SlackCard | undefined> {
    const text = await ifReadable(this.#redis.get(this.#keys.slackCard(subject)), null);
    try {
      return text === null ? undefined : SlackCard.parse(JSON.parse(text));
    } catch {
      // A new message is better than none.
      return undefined;
    }
  }

  async set(subject: string, card: SlackCard): Promise<void> {
    await this.#redis.set(this.#keys.slackCard(subject), JSON.stringify(card), 'EX', KEPT_SECONDS);
  }

  async remove(subject: string): Promise<void> {
    await this.#redis.del(this.#keys.slackCard(subject));
  }
}
