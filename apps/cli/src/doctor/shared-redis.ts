import type { Logger } from '@nightcrier/core/logger';
import { silentLogger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import { reasonOf } from './finding.ts';

/** `embedded`: none is configured, so that `up` starts one. */
export type RedisAccess = { kind: 'open'; state: State } | { kind: 'failed'; reason: string } | { kind: 'embedded' };

/** The connection that all checks share. It is opened when the first one asks. */
export class SharedRedis {
  readonly #settings: Config['redis'];
  #connection: RedisConnection | undefined;
  #access: Promise<RedisAccess> | undefined;

  constructor(settings: Config['redis']) {
    this.#settings = settings;
  }

  /** Never rejects. */
  access(): Promise<RedisAccess> {
    this.#access ??= this.#open();
    return this.#access;
  }

  async close(): Promise<void> {
    if (this.#connection) await disconnect(this.#connection);
  }

  async #open(): Promise<RedisAccess> {
    if (!namesRedis(this.#settings)) return { kind: 'embedded' };
    const logger: Logger = silentLogger;
    try {
      const redis = connectProducer(this.#settings, logger);
      this.#connection = redis;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      redis.once('ready', resolve).once('error', reject);
      await promise;
      return { kind: 'open', state: openState(redis, { key_prefix: this.#settings.key_prefix, logger }) };
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }
}
