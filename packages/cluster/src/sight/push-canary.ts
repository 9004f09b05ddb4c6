/** What two readings of one Warning Event have in common. */
export interface ListedEvent {
  uid: string;
  /** Changes with each occurrence. */
  version: string;
  /** See {@link aboutOf}. */
  about: string;
}

/** What a server's notification and its list both tell of an Event: kind, namespace, name and reason. */
export function aboutOf(
  reason: string,
  { kind, namespace, name }: { kind: string; namespace?: string | null | undefined; name: string },
): string {
  return [kind, namespace ?? '', name, reason].join('|');
}

/** An Event that the list showed and no notification has. */
interface Awaited {
  about: string;
  /** When a list showed it first. */
  seenAt: number;
  /** The Event did not exist at the list before. Some servers push no later occurrence of a known Event. */
  isNew: boolean;
}

/**
 * - `unproven`: an Event is awaited, and its time is not over.
 * - `proven`: each Event that was listed has been pushed.
 * - `silent`: an Event was not pushed in time. `about` is one of them.
 */
export type CanaryVerdict =
  | { kind: 'unproven' }
  | { kind: 'proven' }
  | { kind: 'silent'; about: string; lastProvenAt: number };

/** Notifications that are remembered; more between two lists prove as much. */
const MOST_PUSHED = 5_000;

/**
 * Decides whether a server pushes what happens. Its watches can die while the subscription stays registered: then the Warning
 * Events that it lists are not pushed. Pure: it is given both and the time, in ms of any steady clock.
 */
export class PushCanary {
  readonly #within: number;
  readonly #awaited = new Map<string, Awaited>();
  /** When a notification about it arrived last. */
  readonly #pushedAt = new Map<string, number>();
  #versions: Map<string, string> | undefined;
  #listedAt: number;
  #lastPushAt = -Infinity;
  #provenAt: number;
  #silentSince: number | undefined;

  /** @param within time in which an Event must be pushed, ms */
  constructor(within: number, now: number) {
    this.#within = within;
    this.#listedAt = now;
    this.#provenAt = now;
  }

  /** When the next verdict may be `silent` without a further list; undefined: nothing is awaited. */
  get dueAt(): number | undefined {
    if (this.#awaited.size === 0) return undefined;
    return Math.min(...[...this.#awaited.values()].map(({ seenAt }) => seenAt)) + this.#within;
  }

  /** Takes a notification about an Event. */
  pushed(about: string, now: number): void {
    this.#lastPushAt = now;
    this.#pushedAt.delete(about);
    this.#pushedAt.set(about, now);
    const [oldest] = this.#pushedAt.keys();
    if (this.#pushedAt.size > MOST_PUSHED && oldest !== undefined) this.#pushedAt.delete(oldest);
  }

  /**
   * Takes a list of all Warning Events. What the first one shows is older than the subscription.
   * @param askedAt when the list was requested
   */
  listed(events: readonly ListedEvent[], askedAt: number, now: number): CanaryVerdict {
    const before = this.#versions;
    this.#versions = new Map(events.map(({ uid, version }) => [uid, version]));
    for (const { uid, version, about } of before ? events : []) {
      if (before?.get(uid) === version || (this.#pushedAt.get(about) ?? -Infinity) >= this.#listedAt) continue;
      if (!this.#awaited.has(uid)) this.#awaited.set(uid, { about, seenAt: now, isNew: !before?.has(uid) });
    }
    const verdict = this.verdict(now);
    if (verdict.kind === 'proven') this.#provenAt = askedAt;
    this.#listedAt = askedAt;
    for (const [about, at] of this.#pushedAt) if (at < askedAt - this.#within) this.#pushedAt.delete(about);
    return verdict;
  }

  /** Decides by what is known. */
  verdict(now: number): CanaryVerdict {
    for (const [uid, one] of this.#awaited) {
      const pushedAt = one.isNew ? this.#pushedAt.get(one.about) : this.#lastPushAt;
      if ((pushedAt ?? -Infinity) >= Math.min(one.seenAt, this.#listedAt)) this.#awaited.delete(uid);
    }
    const overdue = [...this.#awaited].filter(([, { seenAt }]) => now - seenAt >= this.#within);
    for (const [uid] of overdue) this.#awaited.delete(uid);
    const [first] = overdue;
    if (first) {
      this.#silentSince = now;
      return { kind: 'silent', about: first[1].about, lastProvenAt: this.#provenAt };
    }
    if (this.#awaited.size > 0) return { kind: 'unproven' };
    // Silence ends with a notification, not with a time in which nothing happens.
    if (this.#silentSince !== undefined && this.#lastPushAt < this.#silentSince) return { kind: 'unproven' };
    this.#silentSince = undefined;
    return { kind: 'proven' };
  }
}
