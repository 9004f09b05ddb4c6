/** A timer that fires later than this, ms, shows that the event loop was blocked. */
const LATE_MS = 100;
/** Time in which what arrived meanwhile is read, ms. */
const READING_MS = 500;

/**
 * Calls `onTimeout` after a time in which the event loop ran. Timers fire before the sockets are read: after a long computation, every
 * request would be out of time although its answer has arrived, and a busy process would take its servers for dead.
 * @returns what cancels the call
 */
export function startLoopTimeout(milliseconds: number, onTimeout: () => void): { cancel: () => void } {
  let timer: NodeJS.Timeout;
  let immediate: NodeJS.Immediate | undefined;
  const arm = (wait: number): void => {
    const due = performance.now() + wait;
    timer = setTimeout(() => {
      if (performance.now() - due > LATE_MS) arm(READING_MS);
      // What has arrived is read first.
      else immediate = setImmediate(onTimeout);
    }, wait);
  };
  arm(milliseconds);
  return {
    cancel: () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
