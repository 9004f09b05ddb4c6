import { EventEmitter } from 'node:events';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterLeases, LeaseView } from '@nightcrier/state/leases/cluster-leases';
import pTimeout from 'p-timeout';
import { ClusterDecisions } from './cluster-decisions.ts';
import type { HeldLeases } from './held-leases.ts';
import type { LeaseGuard } from './lease-guard.ts';
import { afterFailure, afterRenewal, type KeeperState, nextKeeperState } from './keeper-state.ts';
import { JoinWindow } from './join-window.ts';

export interface LeaseKeeperOptions {
  leases: Pick<ClusterLeases, 'id' | 'length' | 'beat' | 'take' | 'release' | 'pulse'>;
  held: HeldLeases;
  /** Names of the configured clusters. */
  clusters: readonly string[];
  /** Renews the leases while this process cannot, and observes the other ingesters. */
  guard?: Pick<LeaseGuard, 'start' | 'update' | 'stop' | 'events'>;
  /** Whether faults of the cluster arrive at this ingester. */
  isActive: (cluster: string) => boolean;
  /** Returns the ingesters at which the faults of these clusters arrive, by cluster. Rejects while Redis is unreachable. */
  activeOwners: (clusters: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  logger: Logger;
  /** Milliseconds. */
  now?: () => number;
}

interface LeaseKeeperEvents {
  /** These, and no other clusters, are to be watched by this ingester. */
  watch: [clusters: ReadonlySet<string>];
  /** The lease of a watched cluster was taken. */
  taken: [cluster: string];
  /** This ingester begins or ceases to connect to the clusters of silent ones, which none watches meanwhile. */
  takeover: [isRunning: boolean];
}

/** Redis may take this long to answer at the start. After that all clusters are watched: twice is better than never. */
const START_PATIENCE_MS = 1_000;
/** Between two renewals while Redis is unreachable, and while other ingesters take clusters over. */
const SHORT_INTERVAL_MS = 250;
/**
 * Clusters whose faults begin to arrive within this time are taken over together, ms: one for each that is still to come, because
 * each takeover renews all leases.
 */
const COALESCE_MS = { least: 200, most: 1_000 };
/** Added to the expiry of a lease, so that the next renewal finds it expired. */
const EXPIRY_MARGIN_MS = 20;

/**
 * Keeps the leases of the clusters that this ingester watches. One loop does it all: renew, decide about each cluster,
 * take and release leases, report what is to be watched. While Redis is unreachable nothing changes: what is watched
 * stays watched, and the next renewal that succeeds decides anew. {@link KeeperState} has the states.
 */
export class LeaseKeeper {
  readonly events = new EventEmitter<LeaseKeeperEvents>();
  readonly #options: LeaseKeeperOptions;
  readonly #now: () => number;
  readonly #loop: BackgroundLoop;
  readonly #decisions: ClusterDecisions;
  readonly #left = Promise.withResolvers<void>();
  readonly #joining: JoinWindow;
  #state: KeeperState = { kind: 'idle' };
  #watched: ReadonlySet<string> = new Set();
  /** Watched although another ingester holds them, see {@link LeaseKeeper.#linger}. */
  #lingering: ReadonlySet<string> = new Set();
  /** How many clusters are watched, and to be taken when their faults arrive. */
  #joined = 0;
  #isTakingOver = false;
  /** The configuration of clusters that are watched may have changed. */
  #configured = true;
  #refused: RefusedConfiguration | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#decisions = new ClusterDecisions(options);
    this.#joining = new JoinWindow(options.leases.length);
    this.#loop = new BackgroundLoop(() => this.#renew(), {
      interval: SHORT_INTERVAL_MS,
      onError: (error) => options.logger.error({ error }, 'leases could not be decided'),
    });
    options.guard?.events.on('silent', (ids) => this.#noteSilent(ids));
  }

  start(): void {
    if (this.#state.kind !== 'idle') return;
    this.#move({ kind: 'starting', since: this.#now() });
    this.#options.guard?.start();
    this.#loop.start();
  }

  /** Replaces the configured clusters; the leases of others are released. */
  configure(clusters: readonly string[]): void {
    this.#decisions.configure(clusters);
    this.#refused = undefined;
    this.#configured = true;
    this.#lingering = new Set();
    this.#loop.wake();
  }

  /** Reports that a changed configuration was refused. */
  refuse(refused: RefusedConfiguration): void {
    this.#refused = refused;
    this.#loop.wake();
  }

  /** Decides about a cluster whose faults arrive now: its lease can be taken from its owner. */
  clusterChanged(cluster: string): void {
    const { held, isActive } = this.#options;
    if (held.tokenOf(cluster) === undefined && isActive(cluster)) {
      this.#loop.wake(Math.min(Math.max(this.#joined, COALESCE_MS.least), COALESCE_MS.most));
    }
  }

  /** Resolves when other ingesters watch what this one watched, if there are others; at the latest after `patience` ms. */
  async handOver(patience: number): Promise<void> {
    if (this.#state.kind === 'idle' || this.#state.kind === 'stopped') return;
    if (!this.#isLeaving) this.#move({ kind: 'leaving' });
    this.#loop.wake();
    await pTimeout(this.#left.promise, { milliseconds: patience, message: false });
  }

  /** Ends, and releases what is still held. */
  async stop(): Promise<void> {
    if (this.#state.kind !== 'stopped') this.#move({ kind: 'stopped' });
    await this.#loop.stop();
    const { leases, held, logger, guard } = this.#options;
    await guard?.stop();
    await leases
      .release(held.tokens)
      .catch((error: unknown) => logger.debug({ error: String(error) }, 'leases not released; they expire'));
    held.replace(new Map());
  }

  /** Returns the wait until the next renewal, ms. */
  async #renew(): Promise<number> {
    const { leases, held, logger } = this.#options;
    const leaving = this.#isLeaving;
    try {
      const view = await leases.beat(held.tokens, { leaving, refused: this.#refused });
      this.#moveTo(afterRenewal(this.#state, this.#now()));
      const isComplete = await this.#follow(view);
      this.#options.guard?.update(held.tokens, { leaving, refused: this.#refused });
      if (this.#options.guard) await leases.pulse();
      const isAlone = !view.ingesters.some((id) => id !== leases.id);
      if (leaving && this.#state.kind === 'leaving' && (isAlone || held.tokens.size === 0))
        this.#move({ kind: 'left' });
      return this.#isLeaving || !isComplete ? SHORT_INTERVAL_MS : untilNextRenewal(view, leases.length);
    } catch (error) {
      if (this.#state.kind === 'connected')
        logger.warn({ error: String(error), watched: this.#watched.size }, 'lease renewal failed; still watching');
      this.#moveTo(afterFailure(this.#state));
      if (!this.#isPatient) this.#watchUnattended();
      return SHORT_INTERVAL_MS;
    }
  }

  /** Watches what a silent ingester holds, and takes its leases when faults arrive: it may have died, or only be paused. */
  #noteSilent(ids: ReadonlySet<string>): void {
    const silent = this.#decisions.setSilent(ids);
    if (silent.length > 0) {
      const { logger } = this.#options;
      logger.warn({ ingesters: silent }, 'no sign of life from ingesters; watching their clusters');
    }
    this.#loop.wake();
  }

  #noteTakeover(isRunning: boolean): void {
    if (isRunning === this.#isTakingOver) return;
    this.#isTakingOver = isRunning;
    this.events.emit('takeover', isRunning);
  }

  get #isLeaving(): boolean {
    return this.#state.kind === 'leaving' || this.#state.kind === 'left';
  }

  get #isPatient(): boolean {
    return this.#state.kind === 'starting' && this.#now() - this.#state.since < START_PATIENCE_MS;
  }

  #moveTo(next: KeeperState): void {
    if (next !== this.#state) this.#move(next);
  }

  /** The only writer of the state. */
  #move(next: KeeperState): void {
    const from = this.#state.kind;
    this.#state = nextKeeperState(this.#state, next);
    this.#options.logger.debug({ from, state: next.kind }, 'lease state changed');
    if (next.kind === 'left') this.#left.resolve();
  }

  /**
   * Decides about every cluster, takes and releases leases, and reports what is to be watched.
   * @returns whether all was done; the rest has to wait for the end of the {@link JoinWindow}
   */
  async #follow(view: LeaseView): Promise<boolean> {
    const { leases, held, isActive, logger } = this.#options;
    const decisions = this.#decisions;
    const [state, watched, lingering] = [this.#state, this.#watched, this.#lingering];
    decisions.decide(view, { state, now: this.#now(), watched, lingering });
    await this.#linger(view);
    const isKnown = (cluster: string): boolean => decisions.of(cluster) !== undefined;
    const kept = new Map([...held.tokens].filter(([cluster]) => decisions.of(cluster) === 'hold'));
    const lost = [...held.tokens.keys()].filter((cluster) => isKnown(cluster) && !kept.has(cluster));
    const released = new Map(
      // A cluster that is unreachable cannot become active elsewhere first.
      [...held.tokens].filter(([cluster]) => !isKnown(cluster) || (this.#isLeaving && !isActive(cluster))),
    );
    for (const cluster of view.changed ?? view.leases.keys()) {
      // Taken without knowing, and no longer configured.
      const lease = view.leases.get(cluster);
      if (lease?.owner === leases.id && !isKnown(cluster)) released.set(cluster, lease.token);
    }
    for (const cluster of released.keys()) kept.delete(cluster);
    held.replace(kept);
    await leases.release(released);

    const takes = decisions.all('take');
    let room = this.#joining.limit(view.ingesters, this.#now());
    // What is watched already costs no connection.
    const wanted = takes.filter((cluster) => this.#watched.has(cluster) || (room -= 1) >= 0);
    const taken = await leases.take(new Map(wanted.map((cluster) => [cluster, view.leases.get(cluster)?.token ?? 0])));
    held.replace(new Map([...kept, ...taken]));
    if (taken.size + lost.length + released.size > 0) {
      const fields = { taken: [...taken.keys()], lost, given_back: [...released.keys()], held: held.tokens.size };
      logger.info({ ...fields, ingesters: view.ingesters.length }, 'cluster leases changed');
    }
    this.#watch(
      decisions.clusters.filter((cluster) => {
        const decision = decisions.of(cluster);
        return decision === 'hold' || decision === 'join' || taken.has(cluster);
      }),
    );
    this.#joined = decisions.all('join').length;
    this.#noteTakeover(decisions.hasSilent && this.#joined > 0);
    for (const cluster of taken.keys()) this.events.emit('taken', cluster);
    return wanted.length === takes.length;
  }

  /**
   * Keeps watching a cluster that another ingester has taken, until its faults arrive there: this process was paused, or its
   * lease expired for another reason, and the new owner may only begin to connect.
   */
  async #linger(view: LeaseView): Promise<void> {
    const { leases, isActive, activeOwners } = this.#options;
    const isTaken = (cluster: string): boolean => {
      const lease = view.leases.get(cluster);
      return lease !== undefined && lease.owner !== leases.id && lease.expires_at > view.now;
    };
    const candidates = [...this.#watched].filter((cluster) => {
      const isLeft = this.#decisions.of(cluster) === 'leave' || this.#lingering.has(cluster);
      return isLeft && isActive(cluster) && isTaken(cluster);
    });
    const owners = await activeOwners(candidates);
    const isWatched = (cluster: string): boolean => owners.get(cluster) === view.leases.get(cluster)?.owner;
    this.#lingering = new Set(candidates.filter((cluster) => !isWatched(cluster)));
    // Its connection may be stale: it is not taken back with it.
    for (const cluster of candidates) this.#decisions.set(cluster, this.#lingering.has(cluster) ? 'join' : 'leave');
  }

  /** Without Redis: watches what it watched, and every cluster whose owner was never known. */
  #watchUnattended(): void {
    const isUnattended = (cluster: string): boolean =>
      this.#watched.has(cluster) || this.#decisions.of(cluster) === undefined;
    this.#watch(this.#decisions.clusters.filter(isUnattended));
  }

  /** Reports changes only, because each report has all clusters compared. */
  #watch(clusters: readonly string[]): void {
    const watched = new Set(clusters);
    if (!this.#configured && watched.size === this.#watched.size && clusters.every((name) => this.#watched.has(name)))
      return;
    this.#configured = false;
    this.#watched = watched;
    this.events.emit('watch', watched);
  }
}

/** A third of a lease, or less when a lease that is not renewed is about to expire. */
function untilNextRenewal({ leases, now }: LeaseView, length: number): number {
  let wait = length / 3;
  for (const { expires_at } of leases.values()) {
    if (expires_at > now) wait = Math.min(wait, expires_at - now + EXPIRY_MARGIN_MS);
  }
  return wait;
}
