import type { Redis } from 'ioredis';

/** When a connection counts as dead, in ticks of a timer. */
export interface LivenessLimits {
  /** Ticks without a byte from Redis after which it is pinged. */
  ping: number;
  /** Ticks without a byte from Redis after which the connection is closed. */
  dead: number;
}

/** For commands that Redis answers at once. */
export const PROMPT: LivenessLimits = { ping: 3, dead: 8 };
/** For connections with blocking commands, which BullMQ sends with at most ten seconds: five ticks of one second more. */
export const BLOCKING: LivenessLimits = { ping: 3, dead: 15 };

/**
 * Closes the socket of a connection from which nothing comes back, so that ioredis connects again. A firewall or a proxy that
 * drops packets without a sign would otherwise be noticed after some 16 minutes. An idle connection is pinged, so something
 * is always due. A blocked event loop or a paused process passes few ticks, however long it lasts, and so closes nothing.
 * @param tick between two ticks, ms
 */
export function watchLiveness(redis: Redis, { ping, dead }: LivenessLimits, tick: number): void {
  let timer: NodeJS.Timeout | undefined;
  let heard = 0;
  let silent = 0;
  const check = (): void => {
    const { bytesRead } = redis.stream;
    silent = bytesRead === heard ? silent + 1 : 0;
    heard = bytesRead;
    if (silent >= dead) {
      silent = 0;
      redis.stream.destroy(new Error(`Redis sent nothing for ${(dead * tick) / 1000} s; connection closed`));
    } else if (silent === ping && redis.status === 'ready') {
      // Its answer counts, not its result.
      redis.ping().catch(() => undefined);
    }
  };
  const stop = (): void => clearInterval(timer);
  redis.on('connect', () => {
    [heard, silent] = [0, 0];
    stop();
    timer = setInterval(check, tick).unref();
  });
  redis.on('close', stop);
}
