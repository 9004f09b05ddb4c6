import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { Logger } from '@nightcrier/core/logger';
import type { Problem, SilencedBy } from '@nightcrier/core/problems/problem';
import { sameValue } from '@nightcrier/core/same-value';
import { silencedBy, type Silencing, type SilenceRules } from '@nightcrier/core/silences/silencing';
import type { CurrentSilences } from '@nightcrier/state/silences/current-silences';
import type { SilencedFault, SilencedFaults } from '@nightcrier/state/silences/silenced-faults';
import { labelsOfFault, labelsOfSymptoms } from './silenced-labels.ts';

export interface SilenceSweeperOptions {
  /** The clusters that this ingester holds. */
  held: () => readonly ClusterConfig[];
  silences: Pick<CurrentSilences, 'rules'>;
  faults: Pick<SilencedFaults, 'clusters' | 'list' | 'forget'>;
  /** Returns the clusters with problems that are firing. */
  firingClusters: () => Promise<ReadonlySet<string>>;
  /** Returns the problems of a cluster that are firing. */
  firing: (cluster: string) => Promise<Problem[]>;
  /** Notes on a problem what silences it, or that nothing does. */
  mark: (cluster: string, problem: string, silenced: SilencedBy | undefined) => Promise<void>;
  /** The annotation that silences a resource at present, see `ConnectionManager.silenceOf`. */
  silenceOf: (cluster: string, resource: ResourceReference) => string | undefined;
  /** Admits a fault, whatever silences it. The same incident id counts once. */
  admit: (event: ClusterEvent, incidentId: string) => Promise<void>;
  logger: Logger;
  now?: () => number;
  /** Between two sweeps, ms. */
  interval?: number;
}

const INTERVAL_MS = 2_000;
/** Time between two readings of the annotations of what is firing, ms. */
const ANNOTATIONS_MS = 60_000;

/**
 * Applies silences to problems that are firing when a silence begins or ends: notes on each what silences it, and admits the kept
 * fault of one that nothing silences any more. All in the ingester that holds the cluster.
 */
export class SilenceSweeper {
  readonly #options: SilenceSweeperOptions;
  readonly #now: () => number;
  readonly #loop: BackgroundLoop;
  /** By cluster: which silences were active when its problems were marked, and when that was. */
  readonly #marked = new Map<string, { active: string; at: number }>();

  constructor(options: SilenceSweeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#loop = new BackgroundLoop(() => this.sweep(), {
      interval: options.interval ?? INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => options.logger.debug({ error: String(error) }, 'silences not applied; retrying'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** One run. Rejects while Redis is unreachable. */
  async sweep(): Promise<void> {
    const { held, silences, faults, firingClusters, firing } = this.#options;
    const rules = await silences.rules();
    const now = this.#now();
    const active = rules.active(now);
    const withFaults = new Set(await faults.clusters());
    const clusters = held();
    const toMark = clusters.filter(({ name }) => withFaults.has(name) || this.#isDue(name, active, now));
    if (toMark.length === 0) return;
    const withProblems = await firingClusters();
    for (const cluster of toMark) {
      const { name } = cluster;
      const problems = withProblems.has(name) ? await firing(name) : [];
      await this.#mark(cluster, problems, rules);
      const keys = new Set(problems.map(({ key }) => key));
      for (const fault of withFaults.has(name) ? await faults.list(name) : []) await this.#decide(fault, keys, rules);
      this.#marked.set(name, { active, at: now });
    }
    const names = new Set(clusters.map(({ name }) => name));
    for (const name of this.#marked.keys()) if (!names.has(name)) this.#marked.delete(name);
  }

  /** An annotation can change at any time. */
  #isDue(cluster: string, active: string, now: number): boolean {
    const last = this.#marked.get(cluster);
    return last?.active !== active || now - last.at >= ANNOTATIONS_MS;
  }

  async #mark(cluster: ClusterConfig, firing: readonly Problem[], rules: SilenceRules): Promise<void> {
    const { mark, silenceOf } = this.#options;
    for (const problem of firing) {
      // Failures of Nightcrier are silenced by what writes them.
      if (problem.component !== undefined) continue;
      const found = labelsOfSymptoms(cluster, problem).map(({ symptom, labels }) =>
        rules.silencing(labels, this.#annotation(silenceOf(cluster.name, symptom.resource), problem), this.#now()),
      );
      const silenced = found.every((one) => one !== undefined) ? shortest(found) : undefined;
      if (!sameValue(silenced, problem.silenced)) await mark(cluster.name, problem.key, silenced);
    }
  }

  /** Where the object is not known, the annotation that silenced its problem counts as unchanged. */
  #annotation(value: string | undefined, { silenced }: Pick<Problem, 'silenced'>): string | undefined {
    if (value !== undefined) return value === 'none' ? undefined : value;
    return silenced?.by === 'annotation' ? (silenced.until ?? 'true') : undefined;
  }

  async #decide(
    { name, event, incident_id }: SilencedFault,
    firing: ReadonlySet<string>,
    rules: SilenceRules,
  ): Promise<void> {
    const { faults, admit, silenceOf, logger } = this.#options;
    const { cluster_name: cluster, problem } = event;
    const now = this.#now();
    // The row of a problem is written after its fault: what has just been kept may have none yet.
    const isFiring = problem === undefined || firing.has(problem) || now - Date.parse(event.received_at) < ROW_MS;
    const annotation = silenceOf(cluster, event.event.resource) ?? event.silence;
    if (isFiring && rules.silencing(labelsOfFault(event), annotation === 'none' ? undefined : annotation, now)) return;
    if (isFiring) {
      // Forgotten after it was admitted: under the same id it counts once if this process dies in between.
      await admit({ ...event, received_at: new Date(now).toISOString() }, incident_id);
      logger.info({ cluster, problem, fault: event.event.faultId }, 'silence ended; fault admitted');
    }
    await faults.forget(cluster, name);
  }
}

/** Longest time between a fault and the row of its problem, ms. */
const ROW_MS = 30_000;

/** Of what silences the symptoms of one problem, that which ends first. */
function shortest(found: readonly (Silencing | undefined)[]): SilencedBy | undefined {
  const [first] = found
    .filter((one) => one !== undefined)
    .toSorted((one, other) => (one.until ?? LAST).localeCompare(other.until ?? LAST));
  return first && silencedBy(first);
}

/** After every other time. */
const LAST = '~';
