/** Signals that stop a process. */
type Signal = 'SIGTERM' | 'SIGINT';

/** Why a process stops. `disconnect`: the parent process exited. */
export type StopCause = Signal | 'disconnect';

/**
 * Resolves on the first SIGTERM or SIGINT, or when the parent process exits. The process keeps running until then.
 * @param onSecond called at the second signal, before the process exits at once with code 1
 */
export function stopSignal(onSecond: (signal: Signal) => void): Promise<StopCause> {
  const { promise, resolve } = Promise.withResolvers<StopCause>();
  // Signal handlers alone do not keep a process running, and an app may have no other handle.
  setInterval(() => undefined, 2 ** 30);
  let received = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (received) {
        onSecond(signal);
        process.exit(1);
      }
      received = true;
      resolve(signal);
    });
  }
  process.once('disconnect', () => resolve('disconnect'));
  return promise;
}
