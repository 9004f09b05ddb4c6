import type { ClusterLeases, LeaseView } from '@nightcrier/state/leases/cluster-leases';
import type { HeldLeases } from './held-leases.ts';
import { IngesterRanks } from './ingester-ranks.ts';
import type { KeeperState } from './keeper-state.ts';
import { decideLease, type LeaseDecision } from './lease-decision.ts';

export interface ClusterDecisionsOptions {
  leases: Pick<ClusterLeases, 'id' | 'length'>;
  held: HeldLeases;
  /** Names of the configured clusters. */
  clusters: readonly string[];
  /** Whether faults of the cluster arrive at this ingester. */
  isActive: (cluster: string) => boolean;
}

/** What a decision takes of the keeper of the leases. */
export interface Situation {
  state: KeeperState;
  /** By the clock of the process, ms. */
  now: number;
  watched: ReadonlySet<string>;
  /** Watched although another ingester holds them. */
  lingering: ReadonlySet<string>;
}

/**
 * The decision about each cluster, see `decideLease`. A cluster is decided about again when its situation may have changed: all of them
 * when ingesters came or went, otherwise those whose leases changed, and the open ones.
 */
export class ClusterDecisions {
  readonly #options: ClusterDecisionsOptions;
  readonly #ranks: IngesterRanks;
  /** Clusters without a live owner. */
  readonly #unheldSince = new Map<string, number>();
  readonly #decisions = new Map<string, LeaseDecision>();
  /** Clusters whose decision may change although their lease does not. */
  readonly #open = new Set<string>();
  #clusters: readonly string[];
  /** The circumstances of the last decisions. */
  #decidedIn: string | undefined;

  constructor(options: ClusterDecisionsOptions) {
    this.#options = options;
    this.#clusters = options.clusters;
    this.#ranks = new IngesterRanks(options.leases.id);
  }

  /** The configured clusters. */
  get clusters(): readonly string[] {
    return this.#clusters;
  }

  /** Replaces the configured clusters. */
  configure(clusters: readonly string[]): void {
    this.#clusters = clusters;
    const configured = new Set(clusters);
    for (const known of [this.#unheldSince, this.#decisions, this.#open]) {
      for (const cluster of known.keys()) if (!configured.has(cluster)) known.delete(cluster);
    }
    this.#ranks.keep(configured);
    this.#decidedIn = undefined;
  }

  /** Replaces the ingesters that give no sign of life. @returns those that did before */
  setSilent(ids: ReadonlySet<string>): string[] {
    const before = new Set(this.#ranks.silent);
    this.#ranks.setSilent(ids);
    return this.#ranks.silent.filter((id) => !before.has(id));
  }

  /** Whether an ingester that holds leases, or may hold some, gives no sign of life. */
  get hasSilent(): boolean {
    return this.#ranks.silent.length > 0;
  }

  /** Returns undefined for a cluster that was never decided about, or is not configured. */
  of(cluster: string): LeaseDecision | undefined {
    return this.#decisions.get(cluster);
  }

  /** Replaces a decision until the next one. */
  set(cluster: string, decision: LeaseDecision): void {
    this.#decisions.set(cluster, decision);
  }

  /** Returns the clusters that are to be taken, or that are joined. */
  all(decision: 'take' | 'join'): string[] {
    return [...this.#open].filter((cluster) => this.#decisions.get(cluster) === decision);
  }

  /** Decides about each cluster whose situation may have changed. */
  decide(view: LeaseView, situation: Situation): void {
    const { state, now, lingering } = situation;
    const contact = state.kind === 'connected' ? state : { since: now, afterOutage: true };
    // What the decision about a lease with a live owner depends on, beside the lease.
    this.#ranks.setLive(view.ingesters);
    const circumstances = JSON.stringify([this.#ranks.ranked, view.owners.toSorted(), state.kind]);
    const isSame = circumstances === this.#decidedIn;
    this.#decidedIn = circumstances;
    const changed = isSame ? view.changed?.filter((cluster) => this.#decisions.has(cluster)) : undefined;
    const clusters = changed ? new Set([...this.#open, ...lingering, ...changed]) : this.#clusters;
    for (const cluster of clusters) this.#decideAbout(cluster, view, situation, contact);
  }

  #decideAbout(
    cluster: string,
    view: LeaseView,
    { now, watched }: Situation,
    contact: { since: number; afterOutage: boolean },
  ): void {
    const { leases, held, isActive } = this.#options;
    const lease = view.leases.get(cluster);
    const isHeld = lease !== undefined && lease.expires_at > view.now;
    const unheldSince = this.#unheldSince.get(cluster) ?? now;
    if (isHeld) this.#unheldSince.delete(cluster);
    else this.#unheldSince.set(cluster, unheldSince);
    const ranked = (): readonly string[] => this.#ranks.of(cluster);
    const decision = decideLease({
      lease,
      now: view.now,
      id: leases.id,
      token: held.tokenOf(cluster),
      watching: watched.has(cluster),
      unheldFor: isHeld ? 0 : now - unheldSince,
      inTouchFor: now - contact.since,
      afterOutage: contact.afterOutage,
      leaseLength: leases.length,
      // Both cost more than the rest, and most decisions need neither.
      get ranked() {
        return ranked();
      },
      get active() {
        return isActive(cluster);
      },
    });
    this.#decisions.set(cluster, decision);
    if (decision === 'hold' || (decision === 'leave' && isHeld && held.tokenOf(cluster) === undefined)) {
      this.#open.delete(cluster);
    } else this.#open.add(cluster);
  }
}
