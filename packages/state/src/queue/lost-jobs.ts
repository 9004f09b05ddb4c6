import type { Redis } from 'ioredis';
import { QUEUE_NAME, type StateKeys } from '../redis/keys.ts';

/**
 * Returns the ids of the jobs whose locks their worker holds no more.
 * @param held job id to the token with which the worker locked it
 */
export async function lostJobs(redis: Redis, keys: StateKeys, held: ReadonlyMap<string, string>): Promise<string[]> {
  const ids = [...held.keys()];
  if (ids.length === 0) return [];
  const tokens = await redis.mget(ids.map((id) => `${keys.bullmq}:${QUEUE_NAME}:${id}:lock`));
  return ids.filter((id, at) => tokens[at] !== held.get(id));
}
