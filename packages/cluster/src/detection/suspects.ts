import { SILENCE_ANNOTATION } from '@nightcrier/core/silences/silence-annotation';
import { symptomKey } from '@nightcrier/core/problems/problem-key';
import { SYMPTOMS } from '@nightcrier/core/problems/symptom-table';
import { ClusterObjects, type ObjectName, nameOf } from './objects/cluster-objects.ts';
import { objectId } from './freshness.ts';
import { type ObjectOf, WATCHED_KINDS, type WatchedKind } from './objects/kinds.ts';
import { Outdated } from './outdated.ts';
import { dueAt, type Symptom } from './symptom.ts';
import { symptomsOf } from './symptoms/symptoms-of.ts';

/** A symptom of one object. */
export interface Suspect {
  symptom: Symptom;
  /** See `symptomKey`. */
  key: string;
  /** Of the object that shows it. */
  kind: WatchedKind;
  /** Name of the object that shows it. */
  name: ObjectName;
  seenAt: number;
  /** When the object was read last, ms since the epoch. */
  readAt: number;
  /** Whether it came while its kind was followed, so that it is new whatever time it tells. */
  isFresh: boolean;
  /** Most steps that its progress has had. */
  steps: number;
  /** It began no earlier, ms since the epoch. */
  notBefore: number;
}

/** An object that shows a symptom, and when its first suspect is due, ms since the epoch. */
export interface SuspectObject {
  kind: WatchedKind;
  name: { namespace?: string; name: string };
  dueAt: number;
}

const WORKLOADS = ['deployments', 'statefulsets', 'daemonsets'] as const;

/** The objects of a cluster and what they show to be wrong. */
export class Suspects implements Iterable<Suspect> {
  readonly objects = new ClusterObjects();
  /** By object. */
  readonly #suspects = new Map<string, Suspect[]>();
  readonly #outdated = new Outdated();
  readonly #isFresh: (kind: WatchedKind) => boolean;

  /** @param isFresh whether the objects of a kind are followed */
  constructor(isFresh: (kind: WatchedKind) => boolean) {
    this.#isFresh = isFresh;
  }

  *[Symbol.iterator](): Iterator<Suspect> {
    for (const suspects of this.#suspects.values()) yield* suspects;
  }

  /** Takes objects that are new or have changed. */
  put<K extends WatchedKind>(
    kind: K,
    objects: readonly ObjectOf<K>[],
    now: number,
    isFresh = this.#isFresh(kind),
  ): void {
    const known = objects.map((object) => {
      const before = this.objects.put(kind, object);
      this.#outdated.note(kind, object.metadata, before, object);
      return before !== undefined;
    });
    objects.forEach((object, index) =>
      this.#look(kind, object.metadata, now, { isFresh, wasKnown: known[index] ?? false, isRead: true }),
    );
  }

  /** Notes that an object was read and has not changed. */
  noteRead(kind: WatchedKind, name: ObjectName, now: number): void {
    for (const suspect of this.#suspects.get(objectId(kind, name)) ?? []) suspect.readAt = now;
  }

  /** Takes the end of one object. */
  remove(kind: WatchedKind, name: ObjectName): void {
    const before = this.objects.remove(kind, name);
    if (before) this.#outdated.note(kind, name, before, undefined);
    this.#suspects.delete(objectId(kind, name));
  }

  /** Sets whether all objects of a kind are here. */
  setKnown(kind: WatchedKind, known: boolean): void {
    if (this.objects.setKnown(kind, known)) this.#outdated.all = true;
  }

  /** Keeps of the objects only those that show a symptom, or whose annotation silences others. */
  forgetHealthy(): void {
    for (const kind of WATCHED_KINDS) {
      this.setKnown(kind, false);
      for (const key of this.objects.names(kind)) {
        if (!this.#suspects.has(`${kind}|${key}`) && !this.#silences(kind, key)) this.remove(kind, nameOf(key));
      }
    }
  }

  #silences(kind: WatchedKind, key: string): boolean {
    return Boolean(this.objects.get(kind, nameOf(key))?.metadata.annotations?.[SILENCE_ANNOTATION]);
  }

  forgetKind(kind: WatchedKind): void {
    this.setKnown(kind, false);
    for (const key of this.objects.names(kind)) this.remove(kind, nameOf(key));
  }

  /** Judges again what depends on objects that have changed. */
  refresh(now: number): void {
    const { all, namespaces, nodes, events } = this.#outdated;
    const look = (kind: WatchedKind, objects: Iterable<ObjectOf<WatchedKind>>): void => {
      for (const { metadata } of objects) this.#look(kind, metadata, now);
    };
    if (all) {
      for (const kind of ['events', 'services', 'jobs', ...WORKLOADS] as const) look(kind, this.objects.all(kind));
    } else for (const event of events) this.#look('events', event, now);
    for (const [namespace, { addresses, jobs }] of all ? [] : namespaces) {
      look('services', this.objects.in('services', namespace));
      if (addresses) for (const kind of WORKLOADS) look(kind, this.objects.in(kind, namespace));
      if (jobs) look('jobs', this.objects.in('jobs', namespace));
    }
    if (nodes.size > 0) {
      for (const pod of this.objects.all('pods')) {
        if (nodes.has(pod.spec?.nodeName ?? '')) this.#look('pods', pod.metadata, now);
      }
    }
    if (all || namespaces.size > 0) {
      for (const [suspect] of this.#suspects.values()) {
        if (suspect && (all || namespaces.has(suspect.name.namespace ?? ''))) {
          this.#look(suspect.kind, suspect.name, now);
        }
      }
    }
    this.#outdated.clear();
    this.objects.dropIndexes();
  }

  /** The objects that show a symptom. */
  suspectObjects(): SuspectObject[] {
    return [...this.#suspects.values()].flatMap((suspects) => {
      const [first] = suspects;
      if (!first) return [];
      const { namespace, name } = first.name;
      const due = suspects.map(({ symptom, seenAt }) => dueAt(symptom, seenAt));
      return [{ kind: first.kind, name: { name, ...(namespace && { namespace }) }, dueAt: Math.min(...due) }];
    });
  }

  /**
   * @param wasKnown whether the object was here before, so that what it shows for the first time is new
   * @param isRead whether it has just been read; if not, other objects have changed
   */
  #look(
    kind: WatchedKind,
    { namespace, name }: ObjectName,
    now: number,
    { isFresh = this.#isFresh(kind), wasKnown = false, isRead = false } = {},
  ): void {
    const id = objectId(kind, { namespace, name });
    const found = symptomsOf(kind, { namespace, name }, this.objects);
    const before = this.#suspects.get(id);
    if (found.length === 0) {
      if (before) this.#suspects.delete(id);
      return;
    }
    const suspects = found.map((symptom): Suspect => {
      const { workload, container } = symptom;
      const key = symptomKey({ workload, container, family: SYMPTOMS[symptom.kind].family });
      const same = before?.find((suspect) => suspect.symptom.kind === symptom.kind && suspect.key === key);
      const notBefore = same?.notBefore ?? (symptom.isRecent && wasKnown && isFresh ? now : -Infinity);
      if (symptom.since !== undefined) symptom.since = Math.max(symptom.since, notBefore);
      // What tells no time has lasted since the object first showed trouble of this family.
      const [related] = symptom.since === undefined ? (before?.filter((suspect) => suspect.key === key) ?? []) : [];
      const isSame = same !== undefined && same.symptom.since === symptom.since;
      const { steps = 0, of } = symptom.progress ?? {};
      const isOther = same !== undefined && of !== same.symptom.progress?.of;
      const progressed = isOther || steps > (same?.steps ?? steps);
      return {
        symptom,
        key,
        kind,
        name: { namespace, name },
        seenAt: progressed ? now : ((same ?? related)?.seenAt ?? now),
        readAt: isRead ? now : (before?.[0]?.readAt ?? now),
        isFresh: isSame ? same.isFresh : isFresh,
        steps: isOther ? steps : Math.max(steps, same?.steps ?? 0),
        notBefore,
      };
    });
    this.#suspects.set(id, suspects);
  }
}
