import { workloadKey } from '@nightcrier/core/problems/problem-key';
import { SYMPTOMS } from '@nightcrier/core/problems/symptom-table';
import type { Freshness } from './freshness.ts';
import type { Horizon } from './horizon.ts';
import type { KnownSymptoms } from './known-symptoms.ts';
import { watchedKindOf } from './objects/kinds.ts';
import type { Suspect, Suspects } from './suspects.ts';
import { dueAt } from './symptom.ts';
import { NEEDS } from './symptoms/symptoms-of.ts';

/** Selects the suspects that count as symptoms: old enough, up to date, confirmed, not history, and no part of another fault. */
export class ShownSymptoms {
  readonly #suspects: Suspects;
  readonly #fresh: Freshness;
  readonly #known: KnownSymptoms;
  readonly #horizon: Horizon;

  constructor(suspects: Suspects, fresh: Freshness, known: KnownSymptoms, horizon: Horizon) {
    this.#suspects = suspects;
    this.#fresh = fresh;
    this.#known = known;
    this.#horizon = horizon;
  }

  /** The symptom keys that an object shows now and for long enough, with the object that shows it first. */
  at(now: number): Map<string, Suspect> {
    const shown = new Map<string, Suspect>();
    for (const suspect of this.#suspects) {
      const { symptom, seenAt, readAt, kind } = suspect;
      if (dueAt(symptom, seenAt) > (this.#fresh.isFollowed(kind) ? now : readAt)) continue;
      if ((symptom.until ?? Infinity) < now) continue;
      if (!this.#fresh.isCurrent(suspect.kind, suspect.name, now) || this.#isUnconfirmed(suspect, now)) continue;
      const { workload } = symptom;
      const key = this.#known.keyLike(suspect.key, { workload, family: SYMPTOMS[symptom.kind].family });
      if (this.#horizon.isHistory(suspect, this.#known.get(key))) continue;
      const other = shown.get(key);
      if (!other || isBetter(suspect, other)) shown.set(key, suspect);
    }
    return this.#withoutSideEffects(shown);
  }

  /** What other Events say of a workload with a known fault is a part of that. */
  #withoutSideEffects(shown: Map<string, Suspect>): Map<string, Suspect> {
    const events = [...shown].filter(([, { symptom }]) => symptom.kind === 'WarningEvent');
    if (events.length === 0) return shown;
    const troubled = new Set<string>();
    for (const suspect of shown.values()) {
      if (suspect.symptom.kind !== 'WarningEvent') troubled.add(workloadKey(suspect.symptom.workload));
    }
    for (const [, { symptom }] of this.#known.firing()) {
      if (symptom.family !== 'event') troubled.add(workloadKey(symptom.workload));
    }
    for (const [key, { symptom }] of events) if (troubled.has(workloadKey(symptom.workload))) shown.delete(key);
    return shown;
  }

  /** An Event of an object that has not been read yet, or what depends on other objects that have not. */
  #isUnconfirmed({ kind, name, symptom }: Suspect, now: number): boolean {
    const needs = NEEDS[symptom.kind] ?? [];
    if (needs.some((other) => !this.#fresh.covers(other, name.namespace))) return true;
    const { resource } = symptom;
    const about = kind === 'events' ? watchedKindOf(resource.kind) : undefined;
    if (about === undefined || this.#fresh.covers(about, resource.namespace) || this.#fresh.isUnreadable(about)) {
      return false;
    }
    // What is kept of an object that was read long ago may be out of date.
    return this.#suspects.objects.get(about, resource) === undefined || !this.#fresh.isCurrent(about, resource, now);
  }
}

/** Of two objects that show the same symptom, the more severe, then the earlier one speaks for it. */
function isBetter(one: Suspect, other: Suspect): boolean {
  const [a, b] = [SYMPTOMS[one.symptom.kind].severity, SYMPTOMS[other.symptom.kind].severity];
  if (a !== b) return a === 'critical' || b === 'info';
  return (one.symptom.since ?? one.seenAt) < (other.symptom.since ?? other.seenAt);
}
