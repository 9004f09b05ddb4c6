import { randomUUID } from 'node:crypto';
import type { StateContext } from './state-context.ts';

/**
 * Returns the name of this installation, and chooses one on the first call: the same in all of its processes, different
 * for every other Redis or key prefix. Workers label containers with it, because several installations can share an
 * engine.
 */
export async function readInstance({ redis, keys }: StateContext, keyPrefix: string): Promise<string> {
  const fresh = `${keyPrefix}-${randomUUID().slice(0, 8)}`;
  await redis.set(keys.instance, fresh, 'NX');
  return (await redis.get(keys.instance)) ?? fresh;
}
