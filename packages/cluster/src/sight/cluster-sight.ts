import type { BlindKind } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { RememberedBlindKind } from '../backfill/watermark.ts';
import { KINDS, WATCHED_KINDS, type WatchedKind } from '../detection/objects/kinds.ts';
import { cleanText } from '../mcp/wire-text.ts';
import { missingRule } from './missing-rule.ts';

/**
 * What a cluster can be degraded by, beside kinds that cannot be listed:
 *
 * - `proof`: the last small list failed, and is repeated.
 * - `subscription`: the server reports an error of the subscription.
 * - `push`: Warning Events are listed that were not pushed.
 * - `supplement`: the watch beside the MCP server fails.
 * - `unproven`: the server has no tool that lists, so that nothing proves that its faults would arrive.
 */
export type SightPart = 'proof' | 'subscription' | 'push' | 'supplement' | 'unproven';

/** The way in which objects are listed: each has credentials of its own. */
export type ListedBy = 'mcp' | 'kubernetes';

export interface ClusterSightOptions {
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds of a clock that is never set. */
  steadyNow: () => number;
  /** The health has changed. */
  onChange: () => void;
  /** A kind cannot be listed any more, or can be again: permissions may have changed. */
  onPermissionsChanged: (kind: WatchedKind) => void;
}

/** A kind that could not be listed. Times in ms since the epoch. */
interface LostKind {
  /** Why not, by the way in which it was tried; empty when it can be listed again. */
  problems: Map<ListedBy, string>;
  /** Why the process that watched the cluster before could not list it, until this one has tried. */
  former?: [ListedBy, string];
  /** Since when no list shows it. */
  blindSince: number | undefined;
  /** Of gaps that are over, ms. */
  blindMs: number;
}

/** Start of the reason of a kind that the kubeconfig cannot watch. */
export const CANNOT_WATCH = 'the kubeconfig cannot watch';

/** A cluster is active for this long after the last proof that its faults would be seen, ms. */
export const PROOF_VALID_MS = 60_000;

/**
 * What is known about whether faults of one cluster would be seen: when that was last proven, and by what it is degraded.
 * {@link degrade}, {@link loseKind} and their opposites are the only writers; each change is one log line.
 */
export class ClusterSight {
  readonly #options: ClusterSightOptions;
  readonly #reasons = new Map<SightPart, string>();
  /** When each kind was listed last, ms since the epoch. */
  readonly #listedAt: Partial<Record<ListedBy, Map<WatchedKind, number>>> = {};
  readonly #lost = new Map<WatchedKind, LostKind>();
  #provenAt: number | undefined;

  constructor(options: ClusterSightOptions) {
    this.#options = options;
  }

  /** Records that a list succeeded, or a subscription was found registered after it. */
  prove(): void {
    this.#provenAt = this.#options.steadyNow();
    this.recover('proof');
  }

  /** How long ago the last proof was, ms. */
  get proofAge(): number {
    return this.#provenAt === undefined ? Infinity : this.#options.steadyNow() - this.#provenAt;
  }

  degrade(part: SightPart, reason: string): void {
    const text = cleanText(reason, 300, { lines: false });
    const before = this.#reasons.get(part);
    if (before === text) return;
    this.#reasons.set(part, text);
    if (before === undefined) this.#options.logger.warn({ part, reason: text }, 'cluster degraded');
    this.#options.onChange();
  }

  recover(part: SightPart): void {
    if (!this.#reasons.delete(part)) return;
    this.#options.logger.info({ part }, 'cluster no longer degraded');
    this.#options.onChange();
  }

  /** Forgets what is true of one session only, when it ends. */
  endSession(): void {
    for (const part of ['proof', 'subscription', 'push', 'unproven'] as const) this.#reasons.delete(part);
  }

  isDegraded(part: SightPart): boolean {
    return this.#reasons.has(part);
  }

  /** Records a list of a kind; it is also a proof. */
  readKind(kind: WatchedKind, by: ListedBy): void {
    this.prove();
    if (by === 'mcp') this.recover('unproven');
    this.#listedAt[by] ??= new Map();
    this.#listedAt[by].set(kind, this.#options.now());
    const lost = this.#lost.get(kind);
    if (!lost) return;
    const had = lost.problems.delete(by) || lost.former !== undefined;
    delete lost.former;
    const wasBlind = this.#endBlindness(lost);
    if (had) this.#options.onPermissionsChanged(kind);
    if (had || wasBlind) this.#options.onChange();
  }

  /** Records that a kind cannot be listed. A kind that not every cluster serves is no gap. */
  loseKind(kind: WatchedKind, by: ListedBy, reason: string): void {
    if ('optional' in KINDS[kind]) return;
    const lost: LostKind = this.#lost.get(kind) ?? { problems: new Map(), blindSince: undefined, blindMs: 0 };
    this.#lost.set(kind, lost);
    const isNew = !lost.problems.has(by);
    delete lost.former;
    lost.problems.set(by, cleanText(reason, 200, { lines: false }));
    const lastListedAt = this.#listedAt[by]?.get(kind);
    this.#listedAt[by]?.delete(kind);
    if (!this.#isListed(kind)) lost.blindSince ??= lastListedAt ?? this.#options.now();
    if (!isNew) return;
    this.#options.onPermissionsChanged(kind);
    this.#options.onChange();
  }

  /** Forgets what was listed in a way that has ended. */
  endListing(by: ListedBy): void {
    delete this.#listedAt[by];
    for (const lost of this.#lost.values()) {
      lost.problems.delete(by);
      if (lost.problems.size === 0 && !lost.former) this.#endBlindness(lost);
    }
  }

  /** Kinds that cannot be listed in this way. */
  lostKinds(by: ListedBy): WatchedKind[] {
    return [...this.#lost].flatMap(([kind, { problems }]) => (problems.has(by) ? kind : []));
  }

  /** Since when no list shows a kind, ms since the epoch. */
  blindSince(): Map<WatchedKind, number> {
    return new Map(
      [...this.#lost].flatMap(([kind, { blindSince }]) => (blindSince === undefined ? [] : [[kind, blindSince]])),
    );
  }

  /** Returns what the next process that watches the cluster has to know. */
  rememberedKinds(): RememberedBlindKind[] {
    return [...this.#lost].flatMap(([kind, lost]) => {
      const [by, reason] = problemOf(lost) ?? [];
      const { blindSince: since, blindMs } = lost;
      return by === undefined || reason === undefined
        ? []
        : [{ kind, by, reason, blindMs, ...(since !== undefined && { since }) }];
    });
  }

  /** Takes over what the process knew that watched the cluster before. What this one has tried already counts. */
  restoreKinds(remembered: readonly RememberedBlindKind[]): void {
    const isRestored = remembered.map(({ kind: name, by, reason, since, blindMs }) => {
      const kind = WATCHED_KINDS.find((one) => one === name);
      if (kind === undefined || this.#isListed(kind)) return false;
      const lost = this.#lost.get(kind);
      // Its blindness began with that process, whichever of them has found it.
      if (lost) Object.assign(lost, { blindMs, blindSince: since ?? lost.blindSince });
      else this.#lost.set(kind, { problems: new Map(), former: [by, reason], blindSince: since, blindMs });
      return true;
    });
    if (isRestored.includes(true)) this.#options.onChange();
  }

  /** Returns the fields of the health. */
  health(): { degraded?: string; blind_kinds?: BlindKind[] } {
    const lost = WATCHED_KINDS.flatMap((kind) => this.#lostKind(kind) ?? []);
    const reasons = [...this.#reasons.values(), ...lost.map(({ text }) => text)];
    const blind = lost.flatMap(({ blind }) => blind ?? []);
    return {
      ...(reasons.length > 0 && { degraded: cleanText(reasons.join('; '), 1_000, { lines: false }) }),
      ...(blind.length > 0 && { blind_kinds: blind }),
    };
  }

  #lostKind(kind: WatchedKind): { text: string; blind?: BlindKind } | undefined {
    const lost = this.#lost.get(kind);
    const problem = lost && problemOf(lost);
    if (!lost || !problem) return undefined;
    const [by, reason] = problem;
    const rule = /forbidden/i.test(reason) ? `; it needs the rule ${missingRule(kind)}` : '';
    const text = `${by === 'mcp' ? 'the MCP server cannot list' : CANNOT_WATCH} ${kind}: ${reason}${rule}`;
    if (lost.blindSince === undefined) return { text };
    const blindMs = lost.blindMs + Math.max(0, this.#options.now() - lost.blindSince);
    const since = new Date(lost.blindSince).toISOString();
    return { text, blind: { kind, reason, since, blind_seconds: Math.round(blindMs) / 1000 } };
  }

  #isListed(kind: WatchedKind): boolean {
    return Object.values(this.#listedAt).some((kinds) => kinds.has(kind));
  }

  #endBlindness(lost: LostKind): boolean {
    if (lost.blindSince === undefined) return false;
    lost.blindMs += Math.max(0, this.#options.now() - lost.blindSince);
    lost.blindSince = undefined;
    return true;
  }
}

function problemOf({ problems, former }: LostKind): [ListedBy, string] | undefined {
  const [problem] = problems;
  return problem ?? former;
}
