import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { EventStream } from '@nightcrier/state/events/event-stream';
import type { RedisConnection } from '@nightcrier/state/redis/connection';

export interface ClusterChangesOptions {
  redis: RedisConnection;
  events: EventStream;
  /** Returns the health of all clusters. */
  read: () => Promise<ClusterHealth[]>;
  /** Whether anything waits for events. */
  isNeeded: () => boolean;
  logger: Logger;
}

const INTERVAL_MS = 1_000;
/** Reading takes at most this part of the time. */
const SHARE = 0.05;
const AT_ONCE = 500;

/**
 * Appends an event when the status of a cluster changes, while somebody waits for events. Only a reader can tell: the status also
 * changes when an ingester dies.
 */
export function noteClusterChanges({ redis, events, read, isNeeded, logger }: ClusterChangesOptions): BackgroundLoop {
  const noted = new Map<string, string>();
  const note = async (): Promise<void> => {
    const [seconds = 0, micros = 0] = (await redis.time()).map(Number);
    const readAt = seconds * 1000 + Math.floor(micros / 1000);
    const changed = (await read()).filter((cluster) => noted.get(cluster.name) !== stateOf(cluster));
    for (let from = 0; from < changed.length; from += AT_ONCE) {
      const some = changed.slice(from, from + AT_ONCE);
      await events.noteClusters(some, readAt);
      for (const cluster of some) noted.set(cluster.name, stateOf(cluster));
    }
  };
  return new BackgroundLoop(
    async () => {
      if (!isNeeded() || redis.status !== 'ready') return INTERVAL_MS;
      const began = performance.now();
      await note();
      return Math.max(INTERVAL_MS, (performance.now() - began) / SHARE);
    },
    { interval: INTERVAL_MS, onError: (error) => logger.warn({ error }, 'changes of clusters not noted; retrying') },
  );
}

function stateOf({ status, degraded }: ClusterHealth): string {
  return `${status} ${degraded === undefined ? 'whole' : 'degraded'}`;
}
