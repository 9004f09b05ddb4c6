import type { ResourceReference } from '@nightcrier/core/faults/fault';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterDetection } from '../detection/cluster-detection.ts';
import { nameKey } from '../detection/objects/cluster-objects.ts';
import { parseObject } from '../detection/objects/parse-object.ts';
import { KINDS, type WarningEvent, type WatchedKind, watchedKindOf } from '../detection/objects/kinds.ts';
import { rootMessage } from '../mcp/session/connection-error.ts';
import type { McpSession } from '../mcp/session/session.ts';
import { GET_RESOURCE_TOOL, resourceOf } from '../mcp/session/tools.ts';

export interface EventConfirmationOptions {
  detection: ClusterDetection;
  /** How often an object with a firing symptom is read, to see that it recovers, ms. */
  recheckInterval: number;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** An object that is to be read, and what Events have said of it. */
interface Doubtful {
  kind: WatchedKind;
  name: { namespace?: string | undefined; name: string };
  /** By reason. */
  events: Map<string, WarningEvent>;
  /** When it is read next, ms since the epoch. */
  dueAt: number;
}

/** Objects that are read at once. */
const BATCH = 2;
/** Objects that are kept in mind; the resync finds what is beyond. */
const MOST_OBJECTS = 1_000;
const GET_TIMEOUT_MS = 10_000;
/** An object that is about to recover is read once more so much later, ms. */
const SHORTEST_RECHECK_MS = 1_000;
/** Events of one object come in bursts: it is read once for all of them, ms. */
const SETTLE_MS = 200;
const NOT_FOUND = /not ?found/i;

/**
 * Confirms what a server pushes by reading the object that it is about. A Warning Event is a symptom: the object is read when
 * the Event comes, again when its grace period ends, and then until it has recovered. In batches, within bounds.
 */
export class EventConfirmation {
  readonly #options: EventConfirmationOptions;
  readonly #doubtful = new Map<string, Doubtful>();
  readonly #loop: BackgroundLoop;
  readonly #session: McpSession;
  #overflowing = false;

  /** @param session in which the objects are read; a new session needs a new confirmation */
  constructor(session: McpSession, options: EventConfirmationOptions) {
    this.#session = session;
    this.#options = options;
    this.#loop = new BackgroundLoop((signal) => this.#run(signal), {
      interval: Infinity,
      firstRun: 'after_interval',
      onError: (error) => options.logger.warn({ error: rootMessage(error) }, 'confirmation of events failed'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Takes a Warning Event. */
  event(event: WarningEvent): void {
    const { detection, now } = this.#options;
    const { kind, name, namespace } = event.involvedObject;
    const watched = watchedKindOf(kind);
    if (watched && this.#session.tools.has(GET_RESOURCE_TOOL)) {
      const doubtful = this.#doubt(watched, { name, ...(namespace && { namespace }) }, now() + SETTLE_MS);
      doubtful?.events.set(event.reason, event);
      return;
    }
    // Nothing of the object can be read: its repetition alone shows that it goes on.
    detection.detector.put('events', event, now());
    detection.report('subscription');
  }

  /** Takes what else the server said of an object, such as a fault: it is read to see when it recovers. */
  follow({ kind, name, namespace }: ResourceReference): void {
    const watched = watchedKindOf(kind);
    if (watched && this.#session.tools.has(GET_RESOURCE_TOOL)) {
      this.#doubt(watched, { name, ...(namespace && { namespace }) }, this.#nextCheck());
    }
  }

  /** Takes the objects that show a symptom by a scan, and those of symptoms that are firing, which may have recovered. */
  followSuspects(): void {
    for (const { kind, name, dueAt } of this.#options.detection.detector.suspectObjects()) {
      const { now } = this.#options;
      if (kind !== 'events') this.#doubt(kind, name, Math.max(dueAt, now() + SETTLE_MS));
    }
    for (const { kind, name } of this.#options.detection.detector.firingObjects()) {
      if (kind !== 'events') this.#doubt(kind, name, this.#nextCheck());
    }
  }

  #nextCheck(): number {
    return this.#options.now() + this.#options.recheckInterval;
  }

  #doubt(kind: WatchedKind, name: Doubtful['name'], dueAt: number): Doubtful | undefined {
    const id = `${kind}|${nameKey(name)}`;
    const known = this.#doubtful.get(id);
    if (!known && this.#doubtful.size >= MOST_OBJECTS) {
      if (!this.#overflowing) {
        this.#options.logger.warn(
          { objects: MOST_OBJECTS },
          'too many objects to confirm; the resync finds the others',
        );
      }
      this.#overflowing = true;
      return undefined;
    }
    const doubtful = known ?? { kind, name, events: new Map(), dueAt };
    doubtful.dueAt = Math.min(doubtful.dueAt, dueAt);
    this.#doubtful.set(id, doubtful);
    this.#loop.wake(Math.max(0, doubtful.dueAt - this.#options.now()));
    return doubtful;
  }

  /** @returns ms until the next object is due */
  async #run(signal: AbortSignal): Promise<number> {
    const { detection, now } = this.#options;
    const due = [...this.#doubtful].filter(([, { dueAt }]) => dueAt <= now()).slice(0, BATCH);
    await Promise.all(due.map(async ([, doubtful]) => this.#read(doubtful)));
    if (signal.aborted) return Infinity;
    detection.report('subscription');
    for (const [id, doubtful] of due) this.#reschedule(id, doubtful);
    if (this.#doubtful.size < MOST_OBJECTS) this.#overflowing = false;
    const next = [...this.#doubtful.values()].reduce((first, { dueAt }) => Math.min(first, dueAt), Infinity);
    return Math.max(0, next - now());
  }

  async #read({ kind, name, events }: Doubtful): Promise<void> {
    const { detection, logger, now } = this.#options;
    const { detector } = detection;
    const { apiVersion, kind: kindName } = KINDS[kind];
    try {
      const args = { apiVersion, kind: kindName, ...name };
      const answer = await this.#session.call(GET_RESOURCE_TOOL, args, GET_TIMEOUT_MS);
      if (answer.isError && NOT_FOUND.test(answer.text)) {
        detector.remove(kind, name, now());
        events.clear();
        return;
      }
      if (answer.isError) throw new Error(answer.text);
      const object = parseObject(kind, resourceOf(answer));
      if (!object) throw new Error('the answer has not the shape of the object');
      detector.put(kind, object, now());
      if (this.#doubtful.size < MOST_OBJECTS) await this.#readRelated(kind, name);
    } catch (error) {
      logger.debug({ kind, ...name, error: rootMessage(error) }, 'object could not be read');
    }
    for (const event of events.values()) detector.put('events', event, now());
  }

  /** A pod that is not ready may lack nothing but its node; a Job that has failed may be followed by one that succeeds. */
  async #readRelated(kind: WatchedKind, name: Doubtful['name']): Promise<void> {
    const { detector } = this.#options.detection;
    const node = kind === 'pods' ? detector.nodeOf(name) : undefined;
    const cronJob = kind === 'jobs' ? detector.cronJobOf(name) : undefined;
    if (node !== undefined) await this.#readOther('nodes', { name: node });
    if (cronJob !== undefined) await this.#readOther('cronjobs', cronJob);
  }

  async #readOther(kind: 'nodes' | 'cronjobs', { namespace, name }: Parameters<typeof nameKey>[0]): Promise<void> {
    const { apiVersion, kind: kindName } = KINDS[kind];
    const args = { apiVersion, kind: kindName, name, ...(namespace && { namespace }) };
    const answer = await this.#session.call(GET_RESOURCE_TOOL, args, GET_TIMEOUT_MS);
    const object = answer.isError ? undefined : parseObject(kind, resourceOf(answer));
    if (object) this.#options.detection.detector.put(kind, object, this.#options.now());
  }

  /** Until its next grace period ends; until it has recovered; or never again. */
  #reschedule(id: string, doubtful: Doubtful): void {
    const { detection, now } = this.#options;
    if (doubtful.dueAt > now()) return;
    const next = detection.detector.nextChangeOf(doubtful.kind, doubtful.name, now());
    if (next === undefined) this.#doubtful.delete(id);
    else doubtful.dueAt = Math.min(Math.max(next, now() + SHORTEST_RECHECK_MS), this.#nextCheck());
  }
}
