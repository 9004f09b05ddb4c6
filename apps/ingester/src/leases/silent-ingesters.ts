import { PULSE_SHARE, type Pulses } from '@nightcrier/state/leases/heartbeat';

/** Observations of this part of a lease apart are steady. */
const STEADY_SHARE = PULSE_SHARE / 2;

/**
 * Decides which other ingesters are silent: they have given no sign of life for as long as one is valid, and may have ended. Times in
 * ms, by Redis's clock. What stopped the observer, or Redis, stopped the others as well: for the time of one sign of life after
 * it, none of them becomes silent.
 */
export class SilentIngesters {
  readonly #id: string;
  /** Of a lease. */
  readonly #length: number;
  #ids: ReadonlySet<string> = new Set();
  #steadySince = Infinity;
  #observedAt = -Infinity;

  /** @param id of the observer */
  constructor(id: string, length: number) {
    this.#id = id;
    this.#length = length;
  }

  /** Notes what the signs of life show. @returns the silent ingesters */
  observe({ now, runsUntil }: Pulses): ReadonlySet<string> {
    if (now - this.#observedAt > this.#length * STEADY_SHARE) this.#steadySince = now;
    this.#observedAt = now;
    const isSteady = now - this.#steadySince >= this.#length * PULSE_SHARE;
    const isSilent = ([id, until]: [string, number]): boolean =>
      id !== this.#id && until <= now && (isSteady || this.#ids.has(id));
    this.#ids = new Set([...runsUntil].filter(isSilent).map(([id]) => id));
    return this.#ids;
  }
}

/** Returns when the next of the others becomes silent unless it gives a sign of life, ms from now; Infinity without others. */
export function untilSilence({ now, runsUntil }: Pulses): number {
  return Math.min(...[...runsUntil.values()].filter((until) => until > now).map((until) => until - now));
}
