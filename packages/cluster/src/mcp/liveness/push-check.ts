import { KINDS, type WarningEvent } from '../../detection/objects/kinds.ts';
import { FormChanged, type ListForm } from '../../lists/list-reader.ts';
import { AnswerTooLarge, readList } from '../../lists/read-list.ts';
import { aboutOf, type CanaryVerdict, type ListedEvent, type PushCanary } from '../../sight/push-canary.ts';
import { ConnectionError, rootMessage } from '../session/connection-error.ts';
import { listError } from '../session/list-error.ts';
import type { McpSession } from '../session/session.ts';
import { LIST_RESOURCES_TOOL } from '../session/tools.ts';

/** What a check takes of a session. */
type ListingSession = Pick<McpSession, 'callStreamed' | 'deliver'>;

export interface PushCheckOptions {
  session: ListingSession;
  endpoint: string;
  /** Is given what the session pushes. */
  canary: PushCanary;
  /** What must be pushed for a Warning Event, see {@link aboutEvent} and `faultToPush`; undefined: nothing. */
  wants: (event: WarningEvent) => string | undefined;
  /** Deadline of a list, ms. */
  timeout: number;
  /** Milliseconds of a clock that is never set. */
  steadyNow: () => number;
  /** Lists of many Events are repeated so rarely that they take at most this part of the time. */
  share?: number | undefined;
}

const DEFAULT_SHARE = 0.02;
const LARGEST_BYTES = 64 << 20;
const NOTHING_KNOWN = new BigUint64Array(0);

/**
 * Compares what a session pushes with what its server lists: the newest Warning Events, once a minute. A list that takes long is
 * repeated less often.
 */
export class PushCheck {
  readonly #options: PushCheckOptions;
  #nextListAt = -Infinity;
  /** How the server writes its lists. */
  #form: ListForm = 'unknown';

  constructor(options: PushCheckOptions) {
    this.#options = options;
  }

  /** When an Event that was not pushed is overdue, ms of the steady clock. */
  get dueAt(): number {
    return this.#options.canary.dueAt ?? Infinity;
  }

  get isListDue(): boolean {
    return this.#options.steadyNow() >= this.#nextListAt;
  }

  verdict(): CanaryVerdict {
    return this.#options.canary.verdict(this.#options.steadyNow());
  }

  /**
   * Lists the Warning Events. Of each, only what identifies it is kept.
   * @throws ConnectionError when they cannot be listed
   */
  async list(): Promise<CanaryVerdict> {
    const { endpoint, canary, steadyNow, share = DEFAULT_SHARE } = this.#options;
    const askedAt = steadyNow();
    try {
      const events = await this.#read().catch((error: unknown) => {
        if (!(error instanceof FormChanged)) throw error;
        this.#form = 'unknown';
        return this.#read();
      });
      return canary.listed(events, askedAt, steadyNow());
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      const code = error instanceof AnswerTooLarge ? 'too_big' : 'tool_failed';
      throw new ConnectionError(code, `${endpoint}: Events: ${rootMessage(error)}`, { cause: error });
    } finally {
      this.#nextListAt = steadyNow() + (steadyNow() - askedAt) / share;
    }
  }

  async #read(): Promise<ListedEvent[]> {
    const { session, endpoint, timeout, wants } = this.#options;
    const { apiVersion, kind, fieldSelector } = KINDS.events;
    const events: ListedEvent[] = [];
    const answer = await session.callStreamed(LIST_RESOURCES_TOOL, { apiVersion, kind, fieldSelector }, timeout);
    const reading = { kind: 'events', form: this.#form, known: NOTHING_KNOWN } as const;
    const { problem, notifications, form } = await readList(answer, reading, LARGEST_BYTES, ({ objects }) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reader was given the kind
      for (const event of objects as WarningEvent[]) {
        const about = event.type === 'Normal' ? undefined : wants(event);
        if (about !== undefined) events.push(listedEvent(event, about));
      }
    });
    for (const notification of notifications) session.deliver(notification);
    if (problem !== undefined) throw listError(endpoint, problem);
    this.#form = form;
    return events;
  }
}

function listedEvent({ metadata, count, lastTimestamp, series }: WarningEvent, about: string): ListedEvent {
  return {
    uid: metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name}`,
    version: [count, lastTimestamp, series?.count, series?.lastObservedTime].join(),
    about,
  };
}

/** Returns what {@link PushCanary} recognizes an Event by, listed or pushed. */
export function aboutEvent({ reason, involvedObject, metadata }: WarningEvent): string {
  const { kind, name, namespace } = involvedObject;
  return aboutOf(reason, { kind, name, namespace: namespace ?? metadata.namespace });
}
