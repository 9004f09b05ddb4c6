/**
 * Returns a function that runs a computation once for all who call it while it runs: a second reader of a large answer costs
 * nothing.
 */
export function shareWhileRunning<T>(compute: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= compute().finally(() => {
      running = undefined;
    });
    return running;
  };
}
