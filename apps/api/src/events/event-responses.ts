import { clusterOfEvent, compareEventIds, type StreamEvent, type StreamKind } from '@nightcrier/core/api/stream-event';
import type { EventStream } from '@nightcrier/state/events/event-stream';
import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { EventFeed } from './event-feed.ts';

/** Which events a client gets. */
export interface EventFilter {
  /** Default: all. */
  kinds?: readonly StreamKind[] | undefined;
  /** Default: all clusters. Events that concern no cluster are left out otherwise. */
  cluster?: string | undefined;
}

export interface EventResponsesOptions {
  feed: EventFeed;
  events: EventStream;
  /** Between two comments on an idle response, and two checks of its client's access, ms. */
  heartbeat?: number;
}

const HEARTBEAT_MS = 15_000;
/** A client connects again after this time: maybe to another process, which takes a share of the load. */
const LONGEST_MS = 15 * 60_000;
/** What a client may not have read yet, bytes. One that is slower is disconnected, and can resume. */
const MOST_UNREAD = 1024 * 1024;
/** Events that happen while a client gets earlier ones. */
const MOST_PENDING = 10_000;
const PAGE = 500;
/** Time after which a browser connects again, ms. */
const RETRY_MS = 1_000;

/** An open response. */
interface Open {
  /** When it was opened, ms of the monotonic clock. */
  since: number;
  isAllowed: () => Promise<boolean>;
}

/**
 * The open responses of server-sent events. Each buffers a bounded amount. One whose client has lost its access ends at the next
 * heartbeat; `close` ends all.
 */
export class EventResponses {
  readonly #options: EventResponsesOptions;
  readonly #open = new Map<ServerResponse, Open>();
  readonly #timer: NodeJS.Timeout;
  #checking = false;

  constructor(options: EventResponsesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), options.heartbeat ?? HEARTBEAT_MS).unref();
  }

  /**
   * Answers a request with events: those after the id `after`, or from now on. A `reset` event first where some of them are no
   * longer kept: the client must read everything again.
   * @param isAllowed returns whether the client still has access; it does not reject
   * @throws Error when Redis is unreachable; then nothing was sent
   */
  async answer(
    reply: FastifyReply,
    after: string | undefined,
    filter: EventFilter,
    isAllowed: () => Promise<boolean>,
  ): Promise<void> {
    const response = reply.raw;
    let pending: StreamEvent[] | undefined = [];
    const subscription = await this.#options.feed.subscribe((events) => {
      if (!pending) write(response, events, filter);
      else if (pending.length + events.length > MOST_PENDING) response.destroy();
      else pending.push(...events);
    });
    const { from, end } = subscription;
    response.once('close', () => {
      end();
      this.#open.delete(response);
    });
    try {
      const isWhole = after === undefined || (await this.#keeps(after, from));
      if (response.destroyed) return end();
      reply.hijack();
      response.writeHead(200, { ...headersOf(reply), 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      this.#open.set(response, { since: performance.now(), isAllowed });
      response.write(`retry: ${RETRY_MS}\nid: ${isWhole ? (after ?? from) : from}\n\n`);
      if (!isWhole) response.write(`event: reset\nid: ${from}\ndata: {}\n\n`);
      else if (after !== undefined) await this.#replay(response, after, from, filter);
      write(response, pending, filter);
      pending = undefined;
    } catch (error) {
      end();
      if (!reply.sent) throw error;
      response.destroy();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const response of this.#open.keys()) response.end();
    this.#open.clear();
  }

  /** Returns whether all events after an id are kept. */
  async #keeps(after: string, last: string): Promise<boolean> {
    if (compareEventIds(after, last) >= 0) return compareEventIds(after, last) === 0;
    return compareEventIds(await this.#options.events.firstId(), after) <= 0;
  }

  /** Sends the events between two ids, the second one included, as fast as the client reads. */
  async #replay(response: ServerResponse, after: string, to: string, filter: EventFilter): Promise<void> {
    for (let last = after; compareEventIds(last, to) < 0 && !response.destroyed;) {
      const page = await this.#options.events.after(last, PAGE);
      const due = page.filter(({ id }) => compareEventIds(id, to) <= 0);
      write(response, due, filter);
      if (due.length < PAGE) return;
      last = due.at(-1)?.id ?? to;
      if (response.writableNeedDrain) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
  }

  #beat(): void {
    const now = performance.now();
    for (const [response, { since }] of this.#open) {
      if (now - since > LONGEST_MS) response.end();
      else write(response, [], {}, ': heartbeat\n\n');
    }
    if (!this.#checking) void this.#endRefused();
  }

  /** One after the other: there may be hundreds, and each asks Redis. */
  async #endRefused(): Promise<void> {
    this.#checking = true;
    for (const [response, { isAllowed }] of this.#open) if (!(await isAllowed())) response.end();
    this.#checking = false;
  }
}

/** Each event is serialised once for all clients. */
const frames = new WeakMap<StreamEvent, string>();

function frameOf(event: StreamEvent): string {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const frame = `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event.data)}\n\n`;
  frames.set(event, frame);
  return frame;
}

function write(response: ServerResponse, events: readonly StreamEvent[], filter: EventFilter, more = ''): void {
  const text =
    events
      .filter((event) => isWanted(event, filter))
      .map(frameOf)
      .join('') + more;
  if (text === '' || response.destroyed || response.writableEnded) return;
  response.write(text);
  if (response.writableLength > MOST_UNREAD) response.destroy();
}

function isWanted(event: StreamEvent, { kinds, cluster }: EventFilter): boolean {
  if (kinds && !kinds.includes(event.kind)) return false;
  return cluster === undefined || clusterOfEvent(event) === cluster;
}

/** The headers that hooks have set. */
function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}
