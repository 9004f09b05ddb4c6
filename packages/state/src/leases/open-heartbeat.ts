import type { Redis } from 'ioredis';
import { StateKeys } from '../redis/keys.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';

/** Opens the heartbeat alone, for a thread that needs no store. */
export function openHeartbeat(
  redis: Redis,
  { key_prefix, ...options }: HeartbeatOptions & { key_prefix: string },
): Heartbeat {
  const source = (include: string): never => {
    throw new Error(`a heartbeat runs no script of BullMQ; it includes ${include}`);
  };
  return new Heartbeat({ redis, keys: new StateKeys(key_prefix), bullmq: { source } }, options);
}
