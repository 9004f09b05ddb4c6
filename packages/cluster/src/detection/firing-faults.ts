import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { isSymptom, objectKey } from './detect-faults.ts';

/**
 * Turns what is wrong at each poll into what went wrong since the last one, as a subscription would report it.
 *
 * The memory is by object: a crashing container shows itself in turns as CrashLoop and as PodCrash, and neither is news
 * again until the object was without both. An object's Warning Events outlive its trouble; they are news only of an
 * object of which nothing was known.
 */
export class StandingFaults {
  /** The ids reported of each object that has a fault. */
  #reported = new Map<string, ReadonlySet<string>>();

  /**
   * @param faults all that stand now
   * @param complete whether nothing is missing from `faults`; if not, nothing is forgotten
   * @returns those that are new
   */
  update(faults: FaultEvent[], complete: boolean): FaultEvent[] {
    const before = this.#reported;
    this.#reported = new Map(complete ? [] : before);
    const fresh: FaultEvent[] = [];
    for (const [object, standing] of Map.groupBy(faults, ({ resource }) => objectKey(resource))) {
      const known = before.get(object);
      const ids = standing.map(({ faultId }) => faultId);
      if (standing.every(isSymptom)) {
        if (!known) fresh.push(...standing);
        this.#reported.set(object, new Set(ids));
      } else {
        fresh.push(...standing.filter(({ faultId }) => !known?.has(faultId)));
        this.#reported.set(object, new Set([...(known ?? []), ...ids]));
      }
    }
    return fresh;
  }
}
