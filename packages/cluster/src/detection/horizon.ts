import type { WatchedKind } from './objects/kinds.ts';
import type { Known } from './known-symptoms.ts';
import type { Suspect } from './suspects.ts';

/** The clocks of a cluster and of this machine may differ by this much, and Kubernetes cuts its times to seconds. */
const SKEW_MS = 10_000;
/** At a first contact, an end that is older than this is history. */
const RECENT_MS = 15 * 60_000;

/** Decides which of the symptoms that have a beginning are history, and not reported. Times are ms since the epoch. */
export class Horizon {
  #before = { over: 0, ended: 0 };
  /** Until when kinds were listed that could not be listed at the last contact. */
  #listedUntil: ReadonlyMap<string, number> = new Map();

  /**
   * Sets what counts as history. Without a last contact, what is over already is; with one, what was over before it.
   * @param lastContact until when the cluster was watched before
   * @param listedUntil until when kinds were listed that could not be listed at the last contact
   */
  startAt(now: number, lastContact: number | undefined, listedUntil: ReadonlyMap<string, number> = new Map()): void {
    this.#listedUntil = listedUntil;
    this.#before =
      lastContact === undefined
        ? { over: now - SKEW_MS, ended: now - RECENT_MS }
        : { over: lastContact - SKEW_MS, ended: lastContact - SKEW_MS };
  }

  /** @param known what is remembered of the symptom */
  isHistory({ symptom: { course, since }, isFresh, kind }: Suspect, known: Known | undefined): boolean {
    if (course === 'now' || since === undefined) return false;
    // A failed Job goes on to be one as long as it exists; what is over has been reported.
    if (known?.symptom.state === 'firing') return course === 'over' && since <= known.symptom.since;
    return (known !== undefined && since <= known.symptom.since) || (!isFresh && since < this.#beforeOf(kind, course));
  }

  #beforeOf(kind: WatchedKind, course: 'over' | 'ended'): number {
    return Math.min(this.#before[course], (this.#listedUntil.get(kind) ?? Infinity) - SKEW_MS);
  }
}
