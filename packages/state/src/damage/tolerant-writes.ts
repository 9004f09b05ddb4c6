import type { Command } from 'ioredis';
import { QUEUE_NAME } from '../redis/keys.ts';
import { defineScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Commands that write to the value of their first argument, and fail where it has another type. */
const WRITES: ReadonlySet<string> = new Set([
  'hset',
  'hsetnx',
  'hdel',
  'hincrby',
  'hincrbyfloat',
  'incr',
  'sadd',
  'srem',
  'xadd',
  'zadd',
  'zrem',
  'zremrangebyrank',
  'zremrangebyscore',
]);
/** Commands that read the value of their first argument, and fail where it has another type. */
const READS: ReadonlySet<string> = new Set([
  'get',
  'hget',
  'hgetall',
  'hmget',
  'hvals',
  'hexists',
  'hlen',
  'lrange',
  'scard',
  'smembers',
  'xrange',
  'xrevrange',
  'zcard',
  'zcount',
  'zrange',
  'zrangebyscore',
  'zrevrange',
  'zrevrangebyscore',
  'zscore',
]);
const DAMAGED = /^(?:WRONGTYPE|ERR hash value is not|ERR value is not an integer)/;

const tolerant = new WeakSet();
const prepared = new WeakSet<Command>();

/**
 * Makes commands outside of scripts meet damaged values as scripts do, see `redis/tolerant-redis.lua`: a value of another type is moved
 * aside, counted, and a write is repeated. A read fails at once, as where Redis accepts no writes, and the value is moved afterwards.
 * BullMQ's own keys are left to it. A connection is changed once.
 *
 * ioredis has no hook around a command: `reconnectOnError` repeats it only on a new connection, its tracing channels only observe, and
 * a script for each single write would replace the typed
 * commands of some thirty stores. `sendCommand` is public, and every command passes it.
 */
export function tolerateDamage(context: StateContext): void {
  const { redis, keys, logger } = context;
  if (tolerant.has(redis)) return;
  tolerant.add(redis);
  const repeat = defineScript(context, 'damage/repeat');
  const queues = [`${keys.ours}${QUEUE_NAME}:`, `${keys.ours}notifications-`];
  const isOwn = ({ name, args: [key] }: Command, names: ReadonlySet<string>): boolean =>
    names.has(name) &&
    typeof key === 'string' &&
    key.startsWith(keys.ours) &&
    !queues.some((queue) => key.startsWith(queue));
  const repeated = async (command: Command, error: unknown): Promise<unknown> => {
    if (!(error instanceof Error) || !DAMAGED.test(error.message)) throw error;
    const [key, ...rest] = command.args.map((part) => (Buffer.isBuffer(part) ? part : String(part)));
    const reply = await repeat([String(key)], [command.name.toUpperCase(), String(key), ...rest]);
    logger.warn({ key: String(key), command: command.name }, 'damaged value moved aside');
    return reply;
  };
  /** The writes of the transaction that is being sent, by position. */
  let transaction: (Command | undefined)[] = [];
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    if (command.name === 'exec') repeatFailed(command, transaction);
    else if (isOwn(command, WRITES) && !command.inTransaction) repeatOnDamage(command);
    else if (isOwn(command, READS) && !command.inTransaction) moveAfterwards(command);
    const reply = send(command, stream);
    if (command.name === 'multi' || command.name === 'exec') transaction = [];
    else if (command.inTransaction) transaction.push(isOwn(command, WRITES) ? command : undefined);
    return reply;
  };

  function moveAfterwards(command: Command): void {
    if (prepared.has(command)) return;
    prepared.add(command);
    const { reject } = command;
    const rejectThenMove = async (error: Error): Promise<void> => {
      reject(error);
      try {
        await repeated(command, error);
      } catch {
        // Not damaged, or Redis refuses it: the next read tries again.
      }
    };
    command.reject = (error: Error) => void rejectThenMove(error);
  }

  function repeatOnDamage(command: Command): void {
    // A command that waited for the connection is sent again.
    if (prepared.has(command)) return;
    prepared.add(command);
    const { resolve, reject } = command;
    const repeatOrReject = async (error: Error): Promise<void> => {
      try {
        resolve(await repeated(command, error));
      } catch {
        reject(error);
      }
    };
    command.reject = (error: Error) => void repeatOrReject(error);
  }

  /** The commands of a transaction that failed have changed nothing; the others have. */
  function repeatFailed(exec: Command, sent: readonly (Command | undefined)[]): void {
    const { resolve } = exec;
    exec.resolve = (replies: unknown) => {
      if (!Array.isArray(replies) || !replies.some((reply) => reply instanceof Error)) {
        resolve(replies);
        return;
      }
      const repeats = replies.map(async (reply: unknown, index) => {
        const command = sent[index];
        return reply instanceof Error && command ? repeated(command, reply).catch(() => reply) : reply;
      });
      Promise.all(repeats).then(resolve, exec.reject);
    };
  }
}
