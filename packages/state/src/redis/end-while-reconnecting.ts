import type { Redis } from 'ioredis';

/**
 * Makes a connection end that is closed between two attempts to connect. ioredis cancels the next attempt and emits no `end` then, for
 * which BullMQ waits (redis/ioredis#2169): a worker that was stopped while Redis was unreachable used all of its `shutdown_timeout`, and failed.
 */
export function endWhileReconnecting(redis: Redis): void {
  const disconnect = redis.disconnect.bind(redis);
  redis.disconnect = (reconnect = false) => {
    const isBetweenAttempts = redis.status === 'reconnecting' && !reconnect;
    disconnect(reconnect);
    if (!isBetweenAttempts) return;
    // An attempt that is cancelled at once ends the connection.
    redis.connect().catch(() => undefined);
    disconnect();
  };
}
