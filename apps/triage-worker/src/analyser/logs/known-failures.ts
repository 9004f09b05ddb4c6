import type { Cause } from '@nightcrier/core/diagnosis/cause';
import { DATABASE_FAILURES } from './failures/databases.ts';
import { NETWORK_FAILURES } from './failures/network.ts';
import { PROCESS_FAILURES } from './failures/processes.ts';
import { RUNTIME_FAILURES } from './failures/runtimes.ts';

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

/** Most specific first: the first that matches a line wins. */
const KNOWN_FAILURES: readonly KnownFailure[] = [
  ...RUNTIME_FAILURES,
  ...DATABASE_FAILURES,
  ...NETWORK_FAILURES,
  ...PROCESS_FAILURES,
];

/** The sort of failure that a line of a log reports, if it is a known one. */
export function knownFailure(line: string): KnownFailure | undefined {
  return KNOWN_FAILURES.find(({ pattern }) => pattern.test(line));
}
