import { parseObject } from '../../detection/parse-object.ts';
import { KINDS, type WarningEvent } from '../../detection/kinds.ts';
import { aboutOf, type CanaryVerdict, type ListedEvent, type PushCanary } from '../../sight/push-canary.ts';
import { ConnectionError } from '../session/connection-error.ts';
import { listError } from '../session/list-error.ts';
import { LIST_RESOURCES_TOOL, resourcesOf } from '../session/tools.ts';
import type { ListingSession } from './proof.ts';

export interface PushCheckOptions {
  session: ListingSession;
  endpoint: string;
  /** Is given what the session pushes. */
  canary: PushCanary;
  /** Deadline of a list, ms. */
  timeout: number;
  /** Milliseconds of a clock that is never set. */
  steadyNow: () => number;
}

/** Lists of many Events are repeated so rarely that they take at most this part of the time. */
const MOST_OF_TIME = 0.02;

/**
 * Compares what a session pushes with what its server lists: the newest Warning Events, once a minute. A list that takes long is
 * repeated less often.
 */
export class PushCheck {
  readonly #options: PushCheckOptions;
  #nextListAt = -Infinity;

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
   * Lists the Warning Events.
   * @throws ConnectionError when they cannot be listed
   */
  async list(): Promise<CanaryVerdict> {
    const { session, endpoint, canary, timeout, steadyNow } = this.#options;
    const { apiVersion, kind, fieldSelector } = KINDS.events;
    const askedAt = steadyNow();
    try {
      const answer = await session.call(LIST_RESOURCES_TOOL, { apiVersion, kind, fieldSelector }, timeout);
      if (answer.isError) throw listError(endpoint, answer.text);
      return canary.listed(eventsIn(answer, endpoint), askedAt, steadyNow());
    } finally {
      this.#nextListAt = steadyNow() + (steadyNow() - askedAt) / MOST_OF_TIME;
    }
  }
}

function eventsIn(answer: Parameters<typeof resourcesOf>[0], endpoint: string): ListedEvent[] {
  try {
    return resourcesOf(answer).flatMap((item) => listedEvent(item) ?? []);
  } catch (error) {
    throw new ConnectionError('tool_failed', `${endpoint}: Events: ${String(error)}`, { cause: error });
  }
}

function listedEvent(item: unknown): ListedEvent | undefined {
  const event = parseObject('events', item);
  if (event?.type !== 'Warning') return undefined;
  const { metadata, count, lastTimestamp, series } = event;
  return {
    uid: metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name}`,
    version: [count, lastTimestamp, series?.count, series?.lastObservedTime].join(),
    about: aboutEvent(event),
  };
}

/** Returns what {@link PushCanary} recognizes an Event by, listed or pushed. */
export function aboutEvent({ reason, involvedObject, metadata }: WarningEvent): string {
  const { kind, name, namespace } = involvedObject;
  return aboutOf(reason, { kind, name, namespace: namespace ?? metadata.namespace });
}
