import type { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import type { BullmqSource } from './bullmq-scripts.ts';
import { composeLua } from './compose-lua.ts';
import { QUEUE_NAME, StateKeys } from './keys.ts';
import type { StateContext } from './state-context.ts';

/** Runs one script atomically in Redis; rejects with Redis's own error. */
export type LuaScript = (keys: string[], args: (string | Buffer)[]) => Promise<unknown>;

/** Begins the names of the commands that run our own scripts. */
const OWN_SCRIPT = 'nightcrier:';

const TOLERANT_REDIS = readFileSync(new URL('tolerant-redis.lua', import.meta.url), 'utf8');

/** An include of this folder is one of BullMQ's own scripts. */
const BULLMQ = 'bullmq/';

/**
 * Registers a script on the connection, composed of the Lua file `<subject>/lua/<name>.lua` and its includes.
 * @throws Error when the installed BullMQ has changed a script that it includes.
 */
export function defineScript(
  { redis, keys, bullmq }: Pick<StateContext, 'redis' | 'keys' | 'bullmq'>,
  name: string,
): LuaScript {
  const queue = `local QUEUE = '${keys.bullmq}:${QUEUE_NAME}:'\n`;
  const command = `${OWN_SCRIPT}${keys.ours}${name}`;
  const lua = composeLua(name, (file) => readLua(file, bullmq));
  redis.defineCommand(command, { lua: tolerantRedis(keys) + queue + lua });
  const run: unknown = Reflect.get(redis, command);
  if (typeof run !== 'function') throw new TypeError(`ioredis did not define the command ${command}`);
  return async (keys, args) => {
    const reply: unknown = await Reflect.apply(run, redis, [keys.length, ...keys, ...args]);
    return reply;
  };
}

/** Returns the source of a Lua file: `admission/batch/open-batch` is the file `admission/lua/batch/open-batch.lua`. */
export function readLua(file: string, bullmq: BullmqSource): string {
  if (file.startsWith(BULLMQ)) return bullmq.source(file.slice(BULLMQ.length));
  const [, subject = '', rest = ''] = /^([^/]+)\/(.+)$/.exec(file) ?? [];
  return readFileSync(new URL(`../${subject}/lua/${rest}.lua`, import.meta.url), 'utf8');
}

/** Returns what stands in front of a script, so that it goes on where a value is damaged. See `tolerant-redis.lua`. */
function tolerantRedis({ ours }: Pick<StateKeys, 'ours'>): string {
  return `local PREFIX = '${ours}'\n${TOLERANT_REDIS}`;
}

/**
 * Makes the scripts that BullMQ registers on a connection go on where a value is damaged, as ours do. BullMQ repeats a script that
 * fails without end, or leaves a job that it cannot end until its lock expires.
 */
export function tolerateDamageInScripts(redis: Redis, keyPrefix: string): void {
  const tolerant = tolerantRedis(new StateKeys(keyPrefix));
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) =>
    define(name, name.startsWith(OWN_SCRIPT) ? definition : { ...definition, lua: tolerant + definition.lua });
}
