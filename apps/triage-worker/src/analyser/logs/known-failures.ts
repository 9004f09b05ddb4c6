import { DATA_FAILURES } from './failures/data.ts';
import { DATABASE_FAILURES } from './failures/databases.ts';
import { NETWORK_FAILURES } from './failures/network.ts';
import { PROCESS_FAILURES } from './failures/processes.ts';
import { RUNTIME_FAILURES } from './failures/runtimes.ts';
import type { KnownFailure } from './known-failure.ts';

/** Most specific first: the first that matches a line wins. */
const KNOWN_FAILURES: readonly KnownFailure[] = [
  ...DATA_FAILURES,
  ...RUNTIME_FAILURES,
  ...DATABASE_FAILURES,
  ...NETWORK_FAILURES,
  ...PROCESS_FAILURES,
];

/** The sort of failure that a line of a log reports, if it is a known one. */
export function knownFailure(line: string): KnownFailure | undefined {
  return KNOWN_FAILURES.find(({ pattern }) => pattern.test(line));
}
