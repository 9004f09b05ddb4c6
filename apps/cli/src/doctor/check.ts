import type { Config } from '@nightcrier/core/settings/config';
import type { Finding } from './finding.ts';
import type { SharedRedis } from './shared-redis.ts';

/** What checks examine. */
export interface CheckContext {
  config: Config;
  /** The file that was read, if there is one. */
  file: string | undefined;
  /** What the configuration's parser warned of. */
  warnings: readonly string[];
  environment: Record<string, string | undefined>;
  redis: SharedRedis;
  /** Returns milliseconds since the epoch. */
  now: () => number;
}

/** One thing that is examined independently of all others. */
export interface Examination {
  /** Names it while it is examined, and when it does not end in time. */
  subject: string;
  /** Default: 15,000. */
  timeoutMs?: number;
  /** Returns what it has found. What it throws counts as a failed finding. */
  run: (signal: AbortSignal) => Promise<Finding[]>;
}

/** A kind of things that `doctor` examines. */
export interface Check {
  /** Shown in the first column, and given to `--only`. */
  name: string;
  examine: (context: CheckContext) => Examination[];
}
