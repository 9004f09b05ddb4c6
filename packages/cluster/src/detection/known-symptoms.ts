import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import {
  problemKey,
  symptomKey,
  type SymptomIdentity,
  type Workload,
  workloadKey,
} from '@nightcrier/core/problems/problem-key';
import { recoveryOf, type RecoveryTimes } from '@nightcrier/core/problems/recovery';

/** A symptom that is remembered from before, with its problem. */
export interface Remembered {
  problem: string;
  symptom: RememberedSymptom;
}

/** A symptom key that has fired. */
export interface Known extends Remembered {
  /** Since when no object shows it, ms since the epoch. */
  absentSince?: number;
}

/** A recovered symptom is kept this long, so that what is over is not reported again. */
const KEPT_MS = 24 * 3600_000;
/** Most symptoms that are known at once; the oldest that have recovered go first. */
const MOST_KNOWN = 20_000;

/** The symptoms that have fired in one cluster: firing or cleared, by symptom key. */
export class KnownSymptoms {
  readonly #recovery: RecoveryTimes;
  readonly #known = new Map<string, Known>();
  /** Symptom keys by workload. */
  readonly #byWorkload = new Map<string, Set<string>>();

  constructor(recovery: RecoveryTimes) {
    this.#recovery = recovery;
  }

  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  has(key: string): boolean {
    return this.#known.has(key);
  }

  set(key: string, known: Known): void {
    this.#known.set(key, known);
    const workload = workloadKey(known.symptom.workload);
    const keys = this.#byWorkload.get(workload);
    if (keys) keys.add(key);
    else this.#byWorkload.set(workload, new Set([key]));
  }

  all(): Iterable<[string, Known]> {
    return this.#known.entries();
  }

  *firing(): Iterable<[string, Known]> {
    for (const entry of this.#known) if (entry[1].symptom.state === 'firing') yield entry;
  }

  /** The symptoms of a workload that are firing. */
  firingOf(workload: Workload): Known[] {
    return [...(this.#byWorkload.get(workloadKey(workload)) ?? [])].flatMap((key) => {
      const known = this.#known.get(key);
      return known?.symptom.state === 'firing' ? [known] : [];
    });
  }

  /** The key of the symptom of any container that is firing in place of `key`: a fault of the server tells no container. */
  keyLike(key: string, identity: SymptomIdentity): string {
    if (this.#known.has(key)) return key;
    const ofAny = symptomKey({ workload: identity.workload, family: identity.family });
    return this.#known.get(ofAny)?.symptom.state === 'firing' ? ofAny : key;
  }

  /** The symptom that a server's fault is: servers do not send the container, and then that of any container is meant. */
  like(identity: SymptomIdentity): Known | undefined {
    const same = this.#known.get(symptomKey(identity));
    if (same || identity.container !== undefined) return same;
    return this.firingOf(identity.workload).find(({ symptom }) => symptom.family === identity.family);
  }

  /** The key of the problem that a symptom belongs to, see `problemKey`. */
  problemOf(symptom: RememberedSymptom): string {
    const open = Map.groupBy(this.firingOf(symptom.workload), ({ problem }) => problem);
    return problemKey(
      symptom,
      [...open].map(([key, members]) => ({ key, symptoms: members.map((member) => member.symptom) })),
    );
  }

  /** Notes that no object shows a symptom. @returns whether it has been gone for long enough, and is cleared now */
  clear(known: Known, now: number): boolean {
    known.absentSince ??= now;
    if (now - known.absentSince < recoveryOf(known.symptom.family, this.#recovery)) return false;
    known.symptom = { ...known.symptom, state: 'cleared', cleared_at: now };
    return true;
  }

  forgetOld(now: number): void {
    for (const [key, { symptom }] of this.#known) {
      if (symptom.state === 'cleared' && (symptom.cleared_at ?? 0) < now - KEPT_MS) this.#delete(key);
    }
    if (this.#known.size <= MOST_KNOWN) return;
    const cleared = [...this.#known].filter(([, { symptom }]) => symptom.state === 'cleared');
    for (const [key] of cleared.slice(0, this.#known.size - MOST_KNOWN)) this.#delete(key);
  }

  #delete(key: string): void {
    const known = this.#known.get(key);
    if (!known) return;
    this.#known.delete(key);
    const workload = workloadKey(known.symptom.workload);
    const keys = this.#byWorkload.get(workload);
    keys?.delete(key);
    if (keys?.size === 0) this.#byWorkload.delete(workload);
  }
}
