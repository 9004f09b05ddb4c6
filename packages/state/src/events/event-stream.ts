import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { StreamEvent } from '@nightcrier/core/api/stream-event';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Before every event. */
export const FIRST_EVENT = '0-0';

const Entry = z.tuple([z.string(), z.array(z.string())]);
const Entries = z.array(Entry);
const Read = z.array(z.tuple([z.string(), Entries])).nullable();

/**
 * The events of the installation: a Redis stream that scripts append to when they change the state of a problem or an incident
 * (`lua/note-event.lua`). It keeps the latest 10,000 or so. Processes of versions before 0.2 append nothing.
 */
export class EventStream {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #noteClusters: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#key = context.keys.events;
    this.#noteClusters = defineScript(context, 'events/note-cluster-states');
  }

  /** Returns up to `most` events after the one with an id, the earliest first. */
  async after(id: string, most: number): Promise<StreamEvent[]> {
    return parse(await ifReadable(this.#redis.xrange(this.#key, `(${id}`, '+', 'COUNT', most), []));
  }

  /** Returns the id of the latest event. */
  async lastId(): Promise<string> {
    const [last] = Entries.parse(await ifReadable(this.#redis.xrevrange(this.#key, '+', '-', 'COUNT', 1), []));
    return last?.[0] ?? FIRST_EVENT;
  }

  /** Returns the id of the earliest event that is kept. */
  async firstId(): Promise<string> {
    const [first] = Entries.parse(await ifReadable(this.#redis.xrange(this.#key, '-', '+', 'COUNT', 1), []));
    return first?.[0] ?? FIRST_EVENT;
  }

  /**
   * Waits for events after the one with an id.
   * @param redis a connection of its own: nothing else can be sent on it meanwhile
   * @returns none when there were none for `ms`; and the id of the last one, also if it cannot be read
   */
  async wait(redis: Redis, id: string, ms: number, most: number): Promise<{ events: StreamEvent[]; last: string }> {
    const reply = Read.parse(await redis.xread('COUNT', most, 'BLOCK', ms, 'STREAMS', this.#key, id));
    const entries = reply?.[0]?.[1] ?? [];
    return { events: parse(entries), last: entries.at(-1)?.[0] ?? id };
  }

  /**
   * Appends an event for each cluster whose status is another one than the last that any process noted.
   * @param readAt when the clusters were read, ms of Redis's clock
   */
  async noteClusters(
    clusters: readonly Pick<ClusterHealth, 'name' | 'status' | 'degraded'>[],
    readAt: number,
  ): Promise<void> {
    const states = clusters.flatMap(({ name, status, degraded }) => [name, status, degraded === undefined ? '0' : '1']);
    await this.#noteClusters([], [String(readAt), ...states]);
  }
}

/** An entry that this version cannot read is of a later one. */
function parse(entries: unknown): StreamEvent[] {
  return Entries.parse(entries).flatMap(([id, flat]) => {
    const valueOf = (field: string): string => flat[flat.indexOf(field) + 1] ?? '';
    return StreamEvent.safeParse({ id, kind: valueOf('kind'), data: jsonOf(valueOf('data')) }).data ?? [];
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
