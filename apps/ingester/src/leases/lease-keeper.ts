import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import { rankIngesters } from '@nightcrier/core/clusters/placement';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterLeases, LeaseView } from '@nightcrier/state/leases/cluster-leases';
import { setTimeout as sleep } from 'node:timers/promises';
import { decideLease, type LeaseDecision } from './lease-decision.ts';

export interface LeaseKeeperOptions {
  leases: Pick<ClusterLeases, 'id' | 'length' | 'beat' | 'take' | 'release'>;
  /** Names of the configured clusters. */
  clusters: readonly string[];
  /** Whether the cluster's faults arrive here. */
  isActive: (cluster: string) => boolean;
  /** These, and no other clusters, are to be watched by this ingester. */
  onWatch: (clusters: ReadonlySet<string>) => void;
  /** A watched cluster is ours from now on. */
  onTaken: (cluster: string) => void;
  logger: Logger;
  /** Milliseconds. */
  now?: () => number;
}

/** Clusters that are new while Redis is away are watched, at the start after this time: twice is better than never. */
const START_PATIENCE_MS = 1_000;
/** Time between two attempts while Redis is away, and between two looks while others take what this ingester leaves. */
const SHORT_INTERVAL_MS = 250;
/** Added to the expiry of a lease before the next look, so that the look finds it expired. */
const EXPIRY_MARGIN_MS = 20;

/**
 * Knows which clusters this ingester watches: it keeps their leases and tells the rest of the process. One loop does
 * everything in turn: renew and look around, decide about each cluster, take what is to be taken. While Redis is away
 * nothing changes: what is watched stays watched, and the leases are looked at again when Redis is back.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #now: () => number;
  /** Of the leases that are held, as far as is known. */
  #tokens = new Map<string, number>();
  readonly #unheldSince = new Map<string, number>();
  readonly #left = Promise.withResolvers<void>();
  #clusters: readonly string[];
  #watched: ReadonlySet<string> = new Set();
  #ranks: { ingesters: string; clusters: Map<string, string[]> } = { ingesters: '', clusters: new Map() };
  #startedAt = 0;
  #hasLooked = false;
  #inTouchSince: number | undefined;
  #afterOutage = false;
  #leaving = false;
  #refused: RefusedConfiguration | undefined;
  #stopped = false;
  #pause = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#clusters = options.clusters;
  }

  start(): void {
    this.#startedAt = this.#now();
    this.#running ??= this.#run();
  }

  /** The fencing token of a cluster that this ingester holds. */
  tokenOf(cluster: string): number | undefined {
    return this.#tokens.get(cluster);
  }

  /** These are the configured clusters from now on; the leases of others are given back. */
  configure(clusters: readonly string[]): void {
    this.#clusters = clusters;
    this.#refused = undefined;
    this.#ranks.clusters.clear();
    for (const cluster of this.#unheldSince.keys()) if (!clusters.includes(cluster)) this.#unheldSince.delete(cluster);
    this.look();
  }

  /** Has it known that a changed configuration is not used. */
  refuse(refused: RefusedConfiguration): void {
    this.#refused = refused;
    this.look();
  }

  /** Something has changed, such as that a cluster's faults arrive now: decides anew without waiting. */
  look(): void {
    this.#pause.abort();
  }

  /** Resolves when others watch what this ingester watched, as far as there are others, at the latest after `patience` ms. */
  async handOver(patience: number): Promise<void> {
    if (!this.#running || this.#stopped) return;
    this.#leaving = true;
    this.look();
    const waited = new AbortController();
    const deadline = sleep(patience, undefined, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([this.#left.promise, deadline]);
    waited.abort();
  }

  /** Ends, and gives back what is still held. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.look();
    await this.#running;
    const { leases, logger } = this.#options;
    await leases
      .release(this.#tokens)
      .catch((error: unknown) => logger.debug({ error: String(error) }, 'leases could not be given back'));
    this.#tokens.clear();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#pause = new AbortController();
      const wait = await this.#turn();
      await sleep(wait, undefined, { signal: this.#pause.signal }).catch(() => undefined);
    }
  }

  /** @returns ms until the next turn. */
  async #turn(): Promise<number> {
    const { leases, logger } = this.#options;
    try {
      const view = await leases.beat(this.#tokens, { leaving: this.#leaving, refused: this.#refused });
      this.#hasLooked = true;
      this.#inTouchSince ??= this.#now();
      await this.#follow(view);
      const someoneElse = view.ingesters.some((id) => id !== leases.id);
      if (this.#leaving && (!someoneElse || this.#tokens.size === 0)) this.#left.resolve();
      return this.#leaving ? SHORT_INTERVAL_MS : untilNextLook(view, leases.length);
    } catch (error) {
      if (this.#inTouchSince !== undefined) {
        this.#afterOutage = true;
        logger.warn({ error: String(error), watched: this.#watched.size }, 'leases cannot be renewed; listening on');
      }
      this.#inTouchSince = undefined;
      if (this.#leaving) this.#left.resolve();
      const patient = !this.#hasLooked && this.#now() - this.#startedAt < START_PATIENCE_MS;
      if (!patient) this.#watch(this.#clusters.filter((cluster) => this.#watched.has(cluster) || this.#isNew(cluster)));
      return SHORT_INTERVAL_MS;
    }
  }

  /** Decides about every cluster, takes and gives back leases, and says what is watched. */
  async #follow(view: LeaseView): Promise<void> {
    const { leases, isActive, onTaken, logger } = this.#options;
    const decisions = this.#decide(view);
    const held = new Map([...this.#tokens].filter(([cluster]) => decisions.get(cluster) === 'hold'));
    const lost = [...this.#tokens.keys()].filter((cluster) => decisions.has(cluster) && !held.has(cluster));
    const givenBack = new Map(
      // Nobody can wait for a cluster that is away to be watched elsewhere before it is left.
      [...this.#tokens].filter(([cluster]) => !decisions.has(cluster) || (this.#leaving && !isActive(cluster))),
    );
    for (const cluster of givenBack.keys()) held.delete(cluster);
    this.#tokens = held;
    await leases.release(givenBack);

    const wanted = [...decisions].filter(([, decision]) => decision === 'take');
    const taken = await leases.take(
      new Map(wanted.map(([cluster]) => [cluster, view.leases.get(cluster)?.token ?? 0])),
    );
    this.#tokens = new Map([...held, ...taken]);
    if (taken.size + lost.length + givenBack.size > 0) {
      const { size } = this.#tokens;
      const fields = { taken: [...taken.keys()], lost, given_back: [...givenBack.keys()], held: size };
      logger.info({ ...fields, ingesters: view.ingesters.length }, 'cluster leases changed');
    }
    this.#watch(
      this.#clusters.filter((cluster) => {
        const decision = decisions.get(cluster);
        return decision === 'hold' || decision === 'join' || taken.has(cluster);
      }),
    );
    for (const cluster of taken.keys()) onTaken(cluster);
  }

  #decide(view: LeaseView): Map<string, LeaseDecision> {
    const { leases, isActive } = this.#options;
    const now = this.#now();
    return new Map(
      this.#clusters.map((cluster): [string, LeaseDecision] => {
        const lease = view.leases.get(cluster);
        const isHeld = lease !== undefined && lease.expires_at > view.now;
        const unheldSince = isHeld ? now : (this.#unheldSince.get(cluster) ?? now);
        this.#unheldSince.set(cluster, unheldSince);
        const decision = decideLease({
          lease,
          now: view.now,
          id: leases.id,
          token: this.#tokens.get(cluster),
          ranked: this.#ranked(cluster, view.ingesters),
          watching: this.#watched.has(cluster),
          active: isActive(cluster),
          unheldFor: now - unheldSince,
          inTouchFor: now - (this.#inTouchSince ?? now),
          afterOutage: this.#afterOutage,
          leaseLength: leases.length,
        });
        return [cluster, decision];
      }),
    );
  }

  /** Remembered, because it changes only when ingesters come and go. */
  #ranked(cluster: string, ingesters: string[]): string[] {
    const together = ingesters.join('\n');
    if (this.#ranks.ingesters !== together) this.#ranks = { ingesters: together, clusters: new Map() };
    const ranked = this.#ranks.clusters.get(cluster) ?? rankIngesters(cluster, ingesters);
    this.#ranks.clusters.set(cluster, ranked);
    return ranked;
  }

  /** Whether it was never seen who holds it. */
  #isNew(cluster: string): boolean {
    return !this.#unheldSince.has(cluster);
  }

  #watch(clusters: readonly string[]): void {
    this.#watched = new Set(clusters);
    this.#options.onWatch(this.#watched);
  }
}

/** A third of a lease, or less when a lease that nobody renewed is about to expire. */
function untilNextLook({ leases, now }: LeaseView, length: number): number {
  const expiries = [...leases.values()].map((lease) => lease.expires_at - now + EXPIRY_MARGIN_MS);
  return Math.min(length / 3, ...expiries.filter((wait) => wait > EXPIRY_MARGIN_MS));
}
