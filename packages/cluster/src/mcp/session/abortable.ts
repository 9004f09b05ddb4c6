import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The outcome of `work`, unless `signal` aborts first: then rejects with its reason, and what becomes of `work` is
 * ignored. For work that cannot be aborted itself.
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The outcome of `work`, or the error that `late` makes when it takes longer than `ms`. */
export async function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const timer = new AbortController();
  const deadline = sleep(ms, undefined, { signal: timer.signal }).then(() => Promise.reject(late()));
  try {
    return await Promise.race([work, deadline]);
  } finally {
    timer.abort();
    deadline.catch(() => undefined);
  }
}
