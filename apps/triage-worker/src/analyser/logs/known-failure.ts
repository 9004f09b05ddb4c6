import type { Cause } from '@nightcrier/core/diagnosis/cause';

/** A sort of failure that programs report in known words. */
export interface KnownFailure {
  cause: Cause;
  /** The message, as its program writes it. Bounded repetition only: logs are written by others. */
  pattern: RegExp;
  /** Continues "it ends because …". */
  meaning: string;
  /** Which program writes it, or where it is documented. */
  source: string;
  advice?: string;
  /** Whether the trouble is on the other side of a connection. */
  remote?: boolean;
}
