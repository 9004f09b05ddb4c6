import type { Logger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';

/** Errors of a server that answers, and refuses writes: it is full, its disk is, or it is a replica or still loading. */
const REFUSES_WRITES = /^(?:OOM|MISCONF|READONLY|MASTERDOWN|LOADING|NOREPLICAS)\b/;
/** Between two attempts, ms. */
const RETRY_MS = 500;

/** What waits meanwhile. */
const WAITING = {
  start: { level: 'warn', message: 'writes refused by redis; start waits' },
  outcome: { level: 'warn', message: 'writes refused by redis; outcome waits' },
} as const;

export interface WaitOptions {
  logger: Logger;
  /** Ends the waiting. */
  signal: AbortSignal;
  waiting?: keyof typeof WAITING;
}

/**
 * Writes to Redis, again and again for as long as it refuses writes, as a connection of a worker waits for a Redis that is
 * unreachable. A refused write, or script, has changed nothing.
 * @throws what `write` throws for another reason, and the abort of the signal
 */
export async function whenWritable<Result>(
  write: () => Promise<Result>,
  { logger, signal, waiting = 'start' }: WaitOptions,
): Promise<Result> {
  for (let isLogged = false; ; isLogged = true) {
    try {
      return await write();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const log = WAITING[waiting];
      if (!isLogged) logger[log.level]({ error }, log.message);
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

/** A transaction fails with the errors of its commands. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const causes: unknown = Reflect.get(error, 'previousErrors');
  return REFUSES_WRITES.test(error.message) || (Array.isArray(causes) && causes.some((cause) => isRefusal(cause)));
}
