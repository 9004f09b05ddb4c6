import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { StateKeys } from './keys.ts';
import { QUEUE_NAME } from '../queue/triage-queue.ts';

/** Runs one script atomically in Redis; rejects with Redis's own error. */
export type LuaScript = (keys: string[], args: (string | Buffer)[]) => Promise<unknown>;

/** What of `lua/` a script is composed of, besides itself. */
interface ScriptParts {
  /** The functions that come first. */
  library?: 'incident-rows' | 'leases';
  /** More files whose functions it uses. */
  parts?: string[];
  /** Lua that defines more functions for it. */
  prologue?: string;
}

/** Registers a script of `lua/` on a connection, with the functions that it uses in front of it. */
export function defineScript(
  redis: Redis,
  keys: StateKeys,
  name: string,
  { library = 'incident-rows', parts = [], prologue = '' }: ScriptParts = {},
): LuaScript {
  const prefixes = `local ours, bull = '${keys.ours}', '${keys.bullmq}:${QUEUE_NAME}:'\n`;
  const command = `nightcrier:${keys.ours}${name}`;
  const lua = prefixes + prologue + [library, ...parts, name].map(source).join('\n');
  redis.defineCommand(command, { lua });
  const run: unknown = Reflect.get(redis, command);
  if (typeof run !== 'function') throw new TypeError(`ioredis did not define the command ${command}`);
  return async (keys, args) => {
    const reply: unknown = await Reflect.apply(run, redis, [keys.length, ...keys, ...args]);
    return reply;
  };
}

function source(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8');
}
