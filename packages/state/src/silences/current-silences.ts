import type { MaintenanceWindow } from '@nightcrier/core/silences/maintenance-window';
import type { Silence } from '@nightcrier/core/silences/silence';
import { SilenceRules } from '@nightcrier/core/silences/silencing';

export interface CurrentSilencesOptions {
  /** Rejects while Redis is unreachable. */
  list: () => Promise<Silence[]>;
  /** Those of the configuration, which can change. */
  windows: () => readonly MaintenanceWindow[];
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** A silence takes effect in every process after this time at the latest, ms. */
const MAX_AGE_MS = 1_000;

/** The silences and maintenance windows that apply now: read from Redis at most once a second, however many faults there are. */
export class CurrentSilences {
  readonly #options: CurrentSilencesOptions;
  readonly #now: () => number;
  #rules: { at: number; rules: Promise<SilenceRules> } | undefined;

  constructor(options: CurrentSilencesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Rejects while Redis is unreachable. */
  async rules(): Promise<SilenceRules> {
    const now = this.#now();
    if (this.#rules && now - this.#rules.at < MAX_AGE_MS && now >= this.#rules.at) return this.#rules.rules;
    const rules = this.#options.list().then((silences) => new SilenceRules(silences, this.#options.windows()));
    const read = { at: now, rules };
    this.#rules = read;
    // A failure is not remembered.
    rules.catch(() => {
      if (this.#rules === read) this.#rules = undefined;
    });
    return rules;
  }
}
