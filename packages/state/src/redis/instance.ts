import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { defineScript } from './lua-script.ts';
import type { StateContext } from './state-context.ts';

/**
 * Returns the name of this installation, and chooses one on the first call: the same in all of its processes, different
 * for every other Redis or key prefix. Workers label containers with it, because several installations can share an
 * engine.
 */
export async function readInstance(context: StateContext, keyPrefix: string): Promise<string> {
  const choose = defineScript(context, 'redis/choose-instance');
  return z.string().parse(await choose([context.keys.instance], [`${keyPrefix}-${randomUUID().slice(0, 8)}`]));
}
