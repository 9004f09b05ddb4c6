import { silentLogger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import { BullmqScripts } from '../redis/bullmq-scripts.ts';
import { StateKeys } from '../redis/keys.ts';
import { ClusterLeases, type ClusterLeasesOptions } from './cluster-leases.ts';

/** Opens the leases alone, for a thread that needs no other store. */
export function openLeases(
  redis: Redis,
  { key_prefix, ...options }: ClusterLeasesOptions & { key_prefix: string },
): ClusterLeases {
  const logger = silentLogger;
  const context = { redis, keys: new StateKeys(key_prefix), bullmq: new BullmqScripts(logger), logger, now: Date.now };
  return new ClusterLeases(context, options);
}
