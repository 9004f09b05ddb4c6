import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { StateKeys } from './keys.ts';

/**
 * Names this installation: the same for all of its processes, and another one for every other Redis or key prefix. What
 * workers leave outside of Redis, such as containers, is labelled with it, since several installations can share an engine.
 */
export async function readInstance(options: { redis: Redis; key_prefix: string }): Promise<string> {
  const { instance: key } = new StateKeys(options.key_prefix);
  const fresh = `${options.key_prefix}-${randomUUID().slice(0, 8)}`;
  await options.redis.set(key, fresh, 'NX');
  return (await options.redis.get(key)) ?? fresh;
}
