import { backoff } from '@nightcrier/core/async/backoff';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Detector } from '../detection/detector.ts';
import { parseObject } from '../detection/objects/parse-object.ts';
import { KINDS, type WatchedKind } from '../detection/objects/kinds.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { KubernetesError } from '../kubernetes/kubernetes-error.ts';

export interface KindWatchOptions {
  kind: WatchedKind;
  /** Called for each request, so that renewed credentials take effect. */
  open: () => Promise<Kubernetes>;
  detector: Detector;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Between 0 and 1. */
  random: () => number;
  signal: AbortSignal;
  /** An object has changed. */
  onChange: () => void;
  /** The objects have been listed, or cannot be: `problem` says why. */
  onListed: (problem?: KubernetesError) => void;
}

/** Objects in one page of a list: what is parsed at once blocks the event loop, and becomes garbage at once. */
const PAGE = 100;
const LIST_TIMEOUT_MS = 60_000;
/** A watch ends by itself after this time and resumes, s; a part of it at random, so that the kinds do not resume together. */
const WATCH_SECONDS = 300;
/** Characters of one line of a watch; an object has at most 1.5 MiB. */
const LONGEST_LINE = 8 << 20;
/** How a watch that failed is tried again; one that is forbidden too: a role may be bound at any time. */
const RETRY = { initial: 1_000, max: 60_000 };

const List = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});
const Change = z.object({ type: z.string(), object: z.unknown() });
const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string().optional() }).optional() });
const Failure = z.object({ code: z.number().optional(), message: z.string().optional() });

/** The resource version is too old: the objects have to be listed. */
class Expired extends Error {}

/**
 * Follows the objects of one kind: lists them, then watches from the list's resource version, and resumes from the last one
 * seen. No gap can hide: the API server continues where the watch ended, or says 410 Gone, and then a list is compared.
 */
export class KindWatch {
  readonly #options: KindWatchOptions;
  readonly #path: string[];
  readonly #query: Record<string, string>;

  constructor(options: KindWatchOptions) {
    this.#options = options;
    const { apiVersion, plural } = KINDS[options.kind];
    this.#path = apiVersion.includes('/') ? ['apis', ...apiVersion.split('/'), plural] : ['api', apiVersion, plural];
    this.#query = 'fieldSelector' in KINDS[options.kind] ? { fieldSelector: 'type=Warning' } : {};
  }

  /** Follows until the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { kind, detector, random, signal, onListed } = this.#options;
    let version: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) return;
        detector.lose(kind);
        if (error instanceof Expired) {
          version = undefined;
          continue;
        }
        failures += 1;
        const problem = error instanceof KubernetesError ? error : new KubernetesError('http', String(error));
        if (problem.code === 'forbidden' || problem.code === 'not_found') {
          detector.forgetKind(kind);
          // Nothing is known of its objects any more: a watch alone would not show those that do not change.
          version = undefined;
        }
        onListed(problem);
        await sleep(backoff(failures, RETRY, random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** @returns the resource version of the list */
  async #list(): Promise<string> {
    const { kind, detector, now, open, signal, onListed } = this.#options;
    const listing = detector.beginList(kind);
    let token: string | undefined;
    for (;;) {
      const kubernetes = await open();
      const query = { ...this.#query, limit: PAGE, ...(token && { continue: token }) };
      const text = await kubernetes.getText(this.#path, {
        query,
        signal,
        timeout: LIST_TIMEOUT_MS,
        maxBytes: 64 << 20,
      });
      const { items, metadata } = List.parse(JSON.parse(text));
      listing.put(
        (items ?? []).flatMap((item) => parseObject(kind, item) ?? []),
        now(),
      );
      token = metadata.continue || undefined;
      if (token === undefined) {
        listing.end();
        onListed();
        return metadata.resourceVersion;
      }
    }
  }

  /** @returns the last resource version that was seen, when the watch has ended in the usual way */
  async #watch(from: string, onOpen: () => void): Promise<string> {
    const { kind, detector, open, random, signal } = this.#options;
    const kubernetes = await open();
    const seconds = Math.round(WATCH_SECONDS * (1 + random()));
    const query = {
      ...this.#query,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: from,
      timeoutSeconds: seconds,
    };
    let version = from;
    let rest = '';
    for await (const piece of kubernetes.getStream(this.#path, { query, signal, timeout: (seconds + 60) * 1000 })) {
      if (piece === '') {
        detector.resume(kind);
        onOpen();
        continue;
      }
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw new KubernetesError('http', `a line of a watch of ${kind} is too long`);
      for (const line of lines) if (line !== '') version = this.#take(line) ?? version;
    }
    return version;
  }

  /** @returns the resource version of the change */
  #take(line: string): string | undefined {
    const { kind, detector, now, onChange } = this.#options;
    const { type, object } = Change.parse(JSON.parse(line));
    if (type === 'ERROR') {
      const { code, message } = Failure.parse(object);
      if (code === 410) throw new Expired();
      throw new KubernetesError('http', `the watch of ${kind} ended: ${message ?? 'no reason given'}`);
    }
    const changed = type === 'BOOKMARK' ? undefined : parseObject(kind, object);
    if (changed) {
      if (type === 'DELETED') detector.remove(kind, changed.metadata, now());
      else detector.put(kind, changed, now());
      onChange();
    }
    return Versioned.parse(object).metadata?.resourceVersion;
  }
}
