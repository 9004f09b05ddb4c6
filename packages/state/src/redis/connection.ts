import type { Logger } from '@nightcrier/core/logger';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the state is kept, and what all of its keys begin with. */
export interface RedisSettings {
  /** `redis://` or `rediss://`, Redis or Valkey 6.2 and later. May carry a password, so it is never logged. */
  url: string;
  /** Letters, digits, `_` and `-`: it stands between the braces of every key's hash tag. */
  key_prefix: string;
}

/** A connection to Redis, for those who only pass it on. */
export type RedisConnection = Redis;

const retryStrategy = (times: number): number => Math.min(times * 200, 2_000);

/**
 * A connection for those who ask and must have an answer: a command fails at once while Redis is away, and after two
 * seconds when Redis hangs. It reconnects for ever by itself.
 */
export function connectProducer(settings: RedisSettings, logger: Logger): Redis {
  return observed(
    new Redis(settings.url, {
      enableOfflineQueue: false,
      commandTimeout: 2_000,
      maxRetriesPerRequest: 0,
      retryStrategy,
    }),
    logger,
  );
}

/** A connection for those who can wait, such as a BullMQ worker: commands are kept until Redis is back. */
export function connectWorker(settings: RedisSettings, logger: Logger): Redis {
  return observed(new Redis(settings.url, { maxRetriesPerRequest: null, retryStrategy }), logger);
}

/** Ends a connection: politely where Redis answers within two seconds, else at once. Never throws. */
export async function disconnect(redis: Redis): Promise<void> {
  try {
    if (redis.status === 'ready') await Promise.race([redis.quit(), sleep(2_000, undefined, { ref: false })]);
  } catch {
    // The connection broke while it was told to end.
  } finally {
    redis.disconnect();
  }
}

/** Logs the first error of an outage and its end; a connection without an error listener would end the process. */
function observed(redis: Redis, logger: Logger): Redis {
  const address = `${redis.options.host}:${redis.options.port}`;
  let away = false;
  redis.on('error', (error: Error) => {
    if (away) return;
    away = true;
    logger.warn({ redis: address, error: error.message }, 'redis is away');
  });
  redis.on('ready', () => {
    if (away) logger.info({ redis: address }, 'redis is back');
    away = false;
  });
  return redis;
}
