/** A fingerprint seen at a time or later; milliseconds since the epoch, 0: at any time. */
export interface Sighting {
  fingerprint: string;
  since: number;
}

/** A kind that cannot be listed, as the next ingester that watches the cluster has to know it. */
export interface RememberedBlindKind {
  kind: string;
  /** The way in which it was tried. */
  by: 'mcp' | 'kubernetes';
  reason: string;
  /** Since when no list shows it, ms since the epoch; undefined: another way lists it. */
  since?: number | undefined;
  /** Of earlier gaps, ms. */
  blindMs: number;
}

/** Until when a cluster was watched without a gap. Outlives the connection, and the process that held it. */
export interface Watermark {
  /** The last time at which the cluster was known to be watched, milliseconds since the epoch. */
  at: number;
  /** Time without a watch, summed over all gaps since the first contact, ms. */
  blindMs: number;
  /** When the last scan of the whole cluster began, ms since the epoch. Notifications do not show everything. */
  scannedAt?: number | undefined;
  /** Kinds that could not be listed then. */
  blindKinds?: RememberedBlindKind[] | undefined;
  /** Whether its MCP server keeps sessions, as those of revisions before 2026-07-28 do. */
  hasSessions?: boolean | undefined;
}

/** Stores the watermark of one cluster, and knows which of its faults have incidents. */
export interface WatermarkMemory {
  /** Undefined: the cluster was never watched. Rejects while the store is unreachable. */
  read(): Promise<Watermark | undefined>;
  /** Writes soon, in the background; never fails. */
  write(watermark: Watermark): void;
  /** Whether there is an incident for each of these. Rejects while the store is unreachable. */
  known(sightings: Sighting[]): Promise<boolean[]>;
}

/**
 * The watermark of one cluster. It moves only when the gap before it has been scanned: until then it stays where the gap
 * began, so that the next connection, or the next ingester, scans all of the gap.
 */
export class WatermarkTracker {
  readonly #memory: WatermarkMemory;
  readonly #onLoaded: (blindKinds: readonly RememberedBlindKind[]) => void;
  #blindKinds: readonly RememberedBlindKind[] = [];
  #blindBefore: ReadonlyMap<string, number> = new Map();
  #hasSessions = false;
  #loaded: Promise<void> | undefined;
  #watermark: Watermark | undefined;
  #isWatching = false;
  /** Since when the cluster is watched again while the gap before is still to be scanned, ms since the epoch. */
  #watchedFrom: number | undefined;

  /** @param onLoaded receives the kinds that could not be listed when the cluster was watched last */
  constructor(
    memory: WatermarkMemory,
    onLoaded: (blindKinds: readonly RememberedBlindKind[]) => void = () => undefined,
  ) {
    this.#memory = memory;
    this.#onLoaded = onLoaded;
  }

  /** Reads the stored watermark, once. Rejects while the store is unreachable. */
  async load(): Promise<void> {
    this.#loaded ??= this.#load();
    try {
      await this.#loaded;
    } catch (error) {
      this.#loaded = undefined;
      throw error;
    }
  }

  /** The watermark, milliseconds since the epoch; undefined: the cluster was never watched. */
  get last(): number | undefined {
    return this.#watermark?.at;
  }

  /** Since when kinds could not be listed when the watermark was stored, ms since the epoch. */
  get blindBefore(): ReadonlyMap<string, number> {
    return this.#blindBefore;
  }

  /** Until when everything that the cluster shows has been seen, ms since the epoch; undefined: it was never watched. */
  get seenUntil(): number | undefined {
    if (!this.#watermark) return undefined;
    const { at, scannedAt = at } = this.#watermark;
    return Math.min(at, scannedAt);
  }

  /** Notes which kinds cannot be listed now. */
  noteBlindKinds(kinds: readonly RememberedBlindKind[]): void {
    if (JSON.stringify(kinds) === JSON.stringify(this.#blindKinds)) return;
    this.#blindKinds = kinds;
    if (this.#watermark) this.#remember(this.#watermark);
  }

  /** Notes whether the MCP server keeps sessions; stored with the next watermark. */
  noteSessions(hasSessions: boolean): void {
    this.#hasSessions = hasSessions;
  }

  /** Notes a scan of the whole cluster that began at this time. */
  scanned(at: number): void {
    if (this.#watermark && at > (this.#watermark.scannedAt ?? 0)) this.#remember({ ...this.#watermark, scannedAt: at });
  }

  /** Ends a gap: the cluster is watched since `from`, and the time before it has been scanned. */
  resume(from: number): void {
    const { at, blindMs } = this.#watermark ?? { at: from, blindMs: 0 };
    this.#isWatching = true;
    this.#remember({ ...this.#watermark, at: Math.max(at, from), blindMs: blindMs + Math.max(0, from - at) });
  }

  /** Moves the watermark to a time at which the server proved that the cluster was watched. */
  confirm(at: number): void {
    if (!this.#isWatching || !this.#watermark || at <= this.#watermark.at) return;
    this.#remember({ ...this.#watermark, at });
  }

  /** Notes that the cluster is watched again, while the gap before is still to be scanned. */
  watchFrom(from: number): void {
    this.#watchedFrom = from;
  }

  /** Begins a gap. */
  lose(): void {
    this.#isWatching = false;
    this.#watchedFrom = undefined;
  }

  /** Begins a gap that is found only now: nothing has proven since then that the cluster was watched. */
  loseSince(at: number): void {
    this.lose();
    if (this.#watermark && at < this.#watermark.at) this.#remember({ ...this.#watermark, at });
  }

  /** Returns the fields of the health: the last contact, and the time without a watch, a present gap included. */
  health(now: number): { last_contact?: string; blind_seconds?: number } {
    if (!this.#watermark) return {};
    const { at, blindMs } = this.#watermark;
    const blind = blindMs + (this.#isWatching ? 0 : Math.max(0, (this.#watchedFrom ?? now) - at));
    return { last_contact: new Date(at).toISOString(), blind_seconds: Math.round(blind) / 1000 };
  }

  async #load(): Promise<void> {
    this.#watermark ??= await this.#memory.read();
    const { blindKinds = [] } = this.#watermark ?? {};
    this.#blindBefore = new Map(
      blindKinds.flatMap(({ kind, since }) => (since === undefined ? [] : [[kind, since] as const])),
    );
    this.#onLoaded(blindKinds);
  }

  #remember({ at, blindMs, scannedAt }: Watermark): void {
    this.#watermark = {
      at,
      blindMs,
      ...(scannedAt !== undefined && { scannedAt }),
      ...(this.#blindKinds.length > 0 && { blindKinds: [...this.#blindKinds] }),
      ...(this.#hasSessions && { hasSessions: true }),
    };
    this.#memory.write(this.#watermark);
  }
}
