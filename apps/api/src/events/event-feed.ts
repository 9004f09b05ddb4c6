import { compareEventIds, type StreamEvent } from '@nightcrier/core/api/stream-event';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { EventStream } from '@nightcrier/state/events/event-stream';
import { disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';

/** Receives events in their order. It is called once for each batch, and must not throw. */
export type EventListener = (events: readonly StreamEvent[]) => void;

export interface EventFeedOptions {
  events: EventStream;
  /** Opens a connection for blocking reads. */
  connect: () => RedisConnection;
  logger: Logger;
}

interface Reading {
  loop: BackgroundLoop;
  redis: RedisConnection;
  /** The id of the last event before the first read. */
  from: Promise<string>;
}

/** Longest blocking read, ms. Shorter than the time after which a silent connection is closed. */
const BLOCK_MS = 5_000;
const BATCH = 500;
/** Before the next attempt after a failed read, ms. */
const RETRY_MS = 1_000;

/**
 * Reads the events of the installation once for all listeners of this process. It reads while there are listeners, and has no
 * connection otherwise. A listener gets every event that happens after `subscribe` has resolved, each once and in order. What
 * happened before is read with `EventStream.after`. While Redis is unreachable, listeners get nothing, and afterwards what
 * they have missed.
 *
 * States: idle (no listeners) → reading → idle; `close` ends it.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #listeners = new Set<EventListener>();
  #reading: Reading | undefined;
  #closed = false;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** The number of listeners. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Calls a listener with each event from now on.
   * @returns `from`, the id after which the listener gets everything; and `end`, which ends the calls
   * @throws Error when Redis is unreachable
   */
  async subscribe(listener: EventListener): Promise<{ from: string; end: () => void }> {
    if (this.#closed) throw new Error('the event feed is closed');
    const passed: StreamEvent[][] = [];
    let from: string | undefined;
    const guarded: EventListener = (events) => {
      if (from === undefined) passed.push([...events]);
      else give(events, from, listener);
    };
    this.#listeners.add(guarded);
    const end = (): void => {
      if (this.#listeners.delete(guarded) && this.#listeners.size === 0) void this.#stop();
    };
    try {
      this.#reading ??= this.#start();
      await this.#reading.from;
      from = await this.#options.events.lastId();
    } catch (error) {
      end();
      throw error;
    }
    give(passed.flat(), from, listener);
    return { from, end };
  }

  /** Ends reading. Nothing can be subscribed afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    await this.#stop();
  }

  #start(): Reading {
    const { events, connect, logger } = this.#options;
    const redis = connect();
    const from = events.lastId();
    let last: string | undefined;
    const read = async (): Promise<void> => {
      last ??= await from;
      const found = await events.wait(redis, last, BLOCK_MS, BATCH);
      last = found.last;
      if (found.events.length > 0) for (const listener of this.#listeners) listener(found.events);
    };
    const loop = new BackgroundLoop(
      async () => {
        await read();
        return 0;
      },
      {
        interval: RETRY_MS,
        onError: (error) => {
          if (this.#reading?.loop === loop) logger.warn({ error }, 'event stream not read; retrying');
        },
      },
    );
    // A failure is that of the subscription which began the reading.
    from.catch(() => undefined);
    loop.start();
    return { loop, redis, from };
  }

  async #stop(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    if (!reading) return;
    // Ends the blocking read.
    reading.redis.disconnect();
    await reading.loop.stop();
    await disconnect(reading.redis);
  }
}

/** Gives a listener those of the events that happened after an id. */
function give(events: readonly StreamEvent[], from: string, listener: EventListener): void {
  const later = events.filter(({ id }) => compareEventIds(id, from) > 0);
  if (later.length > 0) listener(later);
}
