import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { SilencedBy } from '@nightcrier/core/problems/problem';
import { silencedBy, type Silencing } from '@nightcrier/core/silences/silencing';
import type { CurrentSilences } from '@nightcrier/state/silences/current-silences';
import type { SilencedFaults } from '@nightcrier/state/silences/silenced-faults';
import { labelsOfFault } from './silenced-labels.ts';

export interface SilenceGateOptions {
  admit: (event: ClusterEvent, incidentId: string) => Promise<AdmissionOutcome>;
  silences: Pick<CurrentSilences, 'rules'>;
  faults: Pick<SilencedFaults, 'keep'>;
  /** Notes on a problem what silences it. */
  mark: (cluster: string, problem: string, silenced: SilencedBy) => Promise<void>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Stands before admission: a fault whose problem is silenced is kept, and admitted only when nothing silences it any more and it
 * is still firing. All methods reject while Redis is unreachable.
 */
export class SilenceGate {
  readonly #options: SilenceGateOptions;
  readonly #now: () => number;

  constructor(options: SilenceGateOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** As `Admission.admit`; the same incident id counts once, also after the fault was silenced. */
  async admit(event: ClusterEvent, incidentId: string): Promise<AdmissionOutcome> {
    const { admit, faults, mark } = this.#options;
    const silencing = await this.silencing(event);
    if (!silencing) return admit(event, incidentId);
    const { investigate } = silencing;
    const silenced = silencedBy(silencing);
    if (event.problem !== undefined) await mark(event.cluster_name, event.problem, silenced);
    if (investigate) return admit(event, incidentId);
    await faults.keep(event, incidentId);
    return { kind: 'silenced', incidentId, silenced };
  }

  /** Returns what silences a fault at present. */
  async silencing(event: ClusterEvent): Promise<Silencing | undefined> {
    const rules = await this.#options.silences.rules();
    return rules.silencing(labelsOfFault(event), event.silence, this.#now());
  }
}
