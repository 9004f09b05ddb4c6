import type { Command, Redis } from 'ioredis';

/** A timer that fires later than this, ms, shows that the event loop was blocked. */
const LATE_MS = 100;
/** Time for replies that arrived meanwhile to be read, ms. */
const READING_MS = 500;

/**
 * Makes the command timeout of a connection count only while the event loop runs. Timers fire before the sockets are read:
 * after a long computation every command would have "timed out" although its reply has arrived, and a busy process would
 * take Redis for unreachable.
 * @returns the connection
 */
export function ignoreBlockedLoop(redis: Redis): Redis {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    // ioredis calls this once for each command that has a timeout, and clears the timer that it finds in the field.
    command.setTimeout = (milliseconds) => arm(command, milliseconds);
    return send(command, stream);
  };
  return redis;
}

function arm(command: Command, milliseconds: number): void {
  const due = performance.now() + milliseconds;
  const timer = setTimeout(() => {
    if (command.isResolved) return;
    if (performance.now() - due > LATE_MS) arm(command, READING_MS);
    // What has arrived is read first.
    else setImmediate(() => command.reject(new Error('Command timed out')));
  }, milliseconds);
  Reflect.set(command, '_commandTimeoutTimer', timer);
}
