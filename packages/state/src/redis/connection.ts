import type { Logger } from '@nightcrier/core/logger';
import { Redis, type RedisOptions } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { ignoreBlockedLoop } from './command-timeout.ts';
import { endWhileReconnecting } from './end-while-reconnecting.ts';
import { isFailoverError } from './failover-error.ts';
import { BLOCKING, type LivenessLimits, PROMPT, watchLiveness } from './liveness.ts';
import { tolerateDamageInScripts } from './lua-script.ts';
import { readServerProblems } from '../server/redis-server.ts';
import { leaveOtherDatabase } from '../server/selected-database.ts';
import { addressOptions, currentPasswords, describeAddress, type RedisSettings } from './redis-settings.ts';

export type { RedisSettings } from './redis-settings.ts';

/** A connection to Redis, for code that only passes it on. */
export type RedisConnection = Redis;

export interface ConnectionOptions {
  /** Unit of the limits of {@link watchLiveness}, ms. */
  tick?: number;
}

const TICK_MS = 1_000;
const REPLICA_RETRY_MS = 1_000;
const LOG_INTERVAL_MS = 60_000;

const retryStrategy = (times: number): number => Math.min(times * 200, 2_000);

/** Common to all connections. A name is resolved again at each connect, by DNS or by the sentinels. */
const COMMON: RedisOptions = {
  retryStrategy,
  connectTimeout: 5_000,
  keepAlive: 5_000,
  sentinelRetryStrategy: retryStrategy,
  sentinelCommandTimeout: 2_000,
};

/**
 * Opens a producer connection, for code that needs an error instead of a delay: a command fails immediately while Redis is
 * unreachable, and after two seconds when Redis hangs. It reconnects without a limit of attempts, also when its server stops
 * being the master.
 * @throws Error when no Redis is configured, or a file cannot be read
 */
export function connectProducer(settings: RedisSettings, logger: Logger, options: ConnectionOptions = {}): Redis {
  const redis = open(settings, logger, options, {
    enableOfflineQueue: false,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    reconnectOnError: reconnectAfterFailover('reject', settings, logger),
  });
  return ignoreBlockedLoop(redis);
}

/**
 * Opens a worker connection, for code that can wait, such as a BullMQ worker: commands wait until Redis is reachable and
 * accepts writes.
 * @throws Error when no Redis is configured, or a file cannot be read
 */
export function connectWorker(settings: RedisSettings, logger: Logger, options: ConnectionOptions = {}): Redis {
  return open(settings, logger, options, {
    maxRetriesPerRequest: null,
    reconnectOnError: reconnectAfterFailover('resend', settings, logger),
  });
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

/**
 * Has the commands of a connection fail that wait for a Redis that is unreachable, now and from now on: what stops does not wait for it. A
 * connection to a Redis that answers stays.
 */
export function stopWaiting(redis: Redis): void {
  const end = (): void => {
    if (redis.status !== 'ready') redis.disconnect();
  };
  redis.on('close', end);
  end();
}

function open(
  settings: RedisSettings,
  logger: Logger,
  { tick = TICK_MS }: ConnectionOptions,
  options: RedisOptions,
): Redis {
  const redis = new Redis({ ...COMMON, ...addressOptions(settings), ...options, replyMapping: 'legacy' });
  const address = describeAddress(settings);
  const follow = (connection: Redis, limits: LivenessLimits): void => {
    watchLiveness(connection, limits, tick);
    endWhileReconnecting(connection);
    leaveOtherDatabase(connection);
    renewPasswords(connection, settings, address, logger);
    tolerateDamageInScripts(connection, settings.key_prefix);
    // ioredis adds a listener for each command that ends in a reconnect.
    connection.on('connect', () => connection.stream.setMaxListeners(0));
    // BullMQ opens duplicates for blocking commands.
    const duplicate = connection.duplicate.bind(connection);
    Reflect.set(connection, 'duplicate', (override?: RedisOptions): Redis => {
      const other = duplicate(override);
      follow(other, BLOCKING);
      return other;
    });
  };
  follow(redis, PROMPT);
  logProblems(redis, settings, address, logger);
  return observed(redis, address, logger);
}

const readySince = new WeakMap<Redis, number>();

/**
 * Connects again if the server turned out to be a replica a while after the connect. A connection that only reads is not told
 * that its server was demoted.
 */
export function leaveReplica(redis: Redis): void {
  const since = readySince.get(redis) ?? Number.POSITIVE_INFINITY;
  if (redis.status === 'ready' && performance.now() - since >= REPLICA_RETRY_MS / 2) redis.disconnect(true);
}

/** Logs what is wrong with the server, each problem when it is first found. */
function logProblems(redis: Redis, { key_prefix }: RedisSettings, address: string, logger: Logger): void {
  let logged = new Set<string>();
  const inspect = async (): Promise<void> => {
    const problems = await readServerProblems(redis, key_prefix);
    for (const { code, message } of problems) {
      if (!logged.has(code)) logger.error({ redis: address, code, problem: message }, 'redis unsuitable');
    }
    logged = new Set(problems.map(({ code }) => code));
    // Reads succeed on a replica. The name may lead to the master by now.
    if (logged.has('replica')) setTimeout(() => leaveReplica(redis), REPLICA_RETRY_MS).unref();
  };
  redis.on('ready', () => {
    readySince.set(redis, performance.now());
    // It failed again, and is inspected at the next connect.
    inspect().catch(() => undefined);
  });
}

/** Logs the first error of an outage and its end. A connection without an error listener would end the process. */
function observed(redis: Redis, address: string, logger: Logger): Redis {
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

/** Reconnects when the server turns out not to be the master, and logs it once a minute. */
function reconnectAfterFailover(
  failed: 'reject' | 'resend',
  settings: RedisSettings,
  logger: Logger,
): (error: Error) => false | 1 | 2 {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    if (!isFailoverError(message)) return false;
    if (performance.now() - loggedAt > LOG_INTERVAL_MS) {
      loggedAt = performance.now();
      logger.warn({ redis: describeAddress(settings), error: message }, 'redis server accepts no writes; reconnecting');
    }
    return failed === 'reject' ? 1 : 2;
  };
}

/** A password that was rotated in its file is used from the next connect on. */
function renewPasswords(redis: Redis, settings: RedisSettings, address: string, logger: Logger): void {
  redis.on('close', () => {
    try {
      Object.assign(redis.options, currentPasswords(settings));
    } catch (error) {
      logger.error({ redis: address, error }, 'redis password not read; using the former one');
    }
  });
}
