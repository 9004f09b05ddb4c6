import { QUEUE_NAME } from './keys.ts';
import { readFileSync } from 'node:fs';
import type { BullmqSource } from './bullmq-scripts.ts';
import { composeLua } from './compose-lua.ts';
import type { StateContext } from './state-context.ts';
import { OWN_SCRIPT, tolerantRedis } from './tolerant-scripts.ts';

/** Runs one script atomically in Redis; rejects with Redis's own error. */
export type LuaScript = (keys: string[], args: (string | Buffer)[]) => Promise<unknown>;

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
