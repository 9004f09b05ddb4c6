import type { Logger } from '@nightcrier/core/logger';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { ignoreBlockedLoop } from './command-timeout.ts';

/** Which Redis, and the prefix of all keys in it. */
export interface RedisSettings {
  /** `redis://` or `rediss://`, Redis or Valkey 6.2 and later. May contain a password, so it is never logged. */
  url: string;
  /** Letters, digits, `_` and `-`. It is the hash tag of every key. */
  key_prefix: string;
}

/** A connection to Redis, for code that only passes it on. */
export type RedisConnection = Redis;

const retryStrategy = (times: number): number => Math.min(times * 200, 2_000);

/**
 * Opens a producer connection, for code that needs an error instead of a delay: a command fails immediately while Redis is
 * unreachable, and after two seconds when Redis hangs. It reconnects without a limit of attempts.
 */
export function connectProducer(settings: RedisSettings, logger: Logger): Redis {
  const redis = new Redis(settings.url, {
    enableOfflineQueue: false,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    retryStrategy,
  });
  return observed(ignoreBlockedLoop(redis), logger);
}

/** Opens a worker connection, for code that can wait, such as a BullMQ worker: commands wait until Redis is reachable. */
export function connectWorker(settings: RedisSettings, logger: Logger): Redis {
  return observed(new Redis(settings.url, { maxRetriesPerRequest: null, retryStrategy }), logger);
}

/** Closes a connection: after pending replies where Redis answers within two seconds, else immediately. Never throws. */
export async function disconnect(redis: Redis): Promise<void> {
  try {
    if (redis.status === 'ready') await Promise.race([redis.quit(), sleep(2_000, undefined, { ref: false })]);
  } catch {
    // The connection broke while it was being closed.
  } finally {
    redis.disconnect();
  }
}

/** Logs the first error of an outage and its end. A connection without an error listener would end the process. */
function observed(redis: Redis, logger: Logger): Redis {
  const address = `${redis.options.host}:${redis.options.port}`;
  let disconnected = false;
  redis.on('error', (error: Error) => {
    if (disconnected) return;
    disconnected = true;
    logger.warn({ redis: address, error: error.message }, 'redis disconnected');
  });
  redis.on('ready', () => {
    if (disconnected) logger.info({ redis: address }, 'redis reconnected');
    disconnected = false;
  });
  return redis;
}
