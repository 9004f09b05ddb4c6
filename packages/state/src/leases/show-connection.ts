import type { Redis } from 'ioredis';
import { StateKeys } from '../redis/keys.ts';

/**
 * Shows the others as long as a connection of an ingester is open: it is subscribed to a channel of its own, on which nothing is sent. The
 * system closes the connections of a process that is killed, so that this shows before a sign of life is missing. Shows nothing where
 * Redis refuses the subscription, or speaks a protocol in which a connection that is subscribed can do nothing else.
 * @param onOpen the connection is open, or open again
 */
export function showConnection(redis: Redis, keyPrefix: string, id: string, onOpen: () => void): void {
  const channel = new StateKeys(keyPrefix).connectedChannel(id);
  // ioredis would subscribe again by itself, and leave the error unhandled when the connection is closed meanwhile.
  redis.options.autoResubscribe = false;
  const open = (): void => {
    if (protocolOf(redis) === 3) redis.subscribe(channel).catch(() => undefined);
    onOpen();
  };
  if (redis.status === 'ready') open();
  redis.on('ready', open);
}

/** Returns the version of the protocol that was negotiated with the server. */
function protocolOf(redis: Redis): unknown {
  const condition: unknown = Reflect.get(redis, 'condition');
  return typeof condition === 'object' && condition !== null ? Reflect.get(condition, 'protocol') : undefined;
}
