import type { Logger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';

/** Errors of a server that answers, and refuses writes: it is full, its disk is, or it is a replica or still loading. */
const REFUSES_WRITES = /^(?:OOM|MISCONF|READONLY|MASTERDOWN|LOADING|NOREPLICAS)\b/;
/** Between two attempts, ms. */
const RETRY_MS = 500;

/**
 * Writes to Redis, again and again for as long as it refuses writes: a process that starts waits for that as it waits for a Redis that
 * is unreachable.
 * @throws what `write` throws for another reason, and the abort of the signal
 */
export async function whenWritable<Result>(
  write: () => Promise<Result>,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<Result> {
  for (let isLogged = false; ; isLogged = true) {
    try {
      return await write();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!isLogged) logger.warn({ error }, 'writes refused by redis; start waits');
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
