import type { Logger } from '@nightcrier/core/logger';
import type { Redis } from 'ioredis';
import type { BullmqSource } from './bullmq-scripts.ts';
import type { StateKeys } from './keys.ts';

/** What every store works with: one connection, the key names of one installation, a logger and a clock. */
export interface StateContext {
  redis: Redis;
  keys: StateKeys;
  /** BullMQ's own scripts, which some of our scripts run. */
  bullmq: BullmqSource;
  logger: Logger;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
}
