/** What asked a process to stop; `disconnect`: the process that started it is gone. */
export type StopCause = 'SIGTERM' | 'SIGINT' | 'disconnect';

/**
 * Resolves when the process is asked to stop for the first time. A second signal means it, and ends the process at
 * once with exit code 1. Until then the process is kept alive.
 */
export function stopSignal(): Promise<StopCause> {
  const { promise, resolve } = Promise.withResolvers<StopCause>();
  // Signal handlers alone do not keep a process alive, and an app may be waiting for nothing else.
  setInterval(() => undefined, 2 ** 30);
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      resolve(signal);
    });
  }
  process.once('disconnect', () => resolve('disconnect'));
  return promise;
}
