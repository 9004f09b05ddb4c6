import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { problemKey, symptomKey, workloadKey } from '@nightcrier/core/problems/problem-key';
import { SYMPTOM_FAMILIES } from '@nightcrier/core/problems/symptom-families';
import { familyOfType, recoveryOf, SYMPTOMS } from '@nightcrier/core/problems/symptom-table';
import { ClusterObjects, nameKey } from './cluster-objects.ts';
import { faultOf } from './fault-of.ts';
import { KINDS, type ObjectOf, WATCHED_KINDS, type WatchedKind, watchedKindOf } from './kinds.ts';
import { workloadOfResource } from './owners.ts';
import { conditionOf, dueAt, type Symptom } from './symptom.ts';
import { NEEDS, symptomsOf } from './symptoms/symptoms-of.ts';

/** A symptom that has become a fault, or has recovered. */
export interface Detected {
  change: 'fired' | 'cleared';
  /** See `problemKey`. */
  problem: string;
  symptom: RememberedSymptom;
  /** The fault of a symptom that fired. */
  fault?: FaultEvent;
  /** Whether nothing was remembered of the symptom. */
  isNew: boolean;
}

/** A symptom that is remembered from before, with its problem. */
export interface Remembered {
  problem: string;
  symptom: RememberedSymptom;
}

/** What is history: ms since the epoch, see {@link Detector.startAt}. */
interface Horizon {
  over: number;
  ended: number;
}

/** A symptom of one object. */
interface Suspect {
  symptom: Symptom;
  key: string;
  /** Of the object that shows it. */
  kind: WatchedKind;
  seenAt: number;
  /** Whether it came while its kind was followed, so that it is new whatever time it tells. */
  isFresh: boolean;
}

/** How long what was read of one object counts as up to date where its kind is not followed, ms. */
const FRESH_MS = 5_000;

type Name = { namespace?: string | null | undefined; name: string };

/** A symptom key that has fired. */
interface Known extends Remembered {
  /** Since when no object shows it, ms since the epoch. */
  absentSince?: number;
}

/** The clocks of a cluster and of this machine may differ by this much, and Kubernetes cuts its times to seconds. */
const SKEW_MS = 10_000;
/** At a first contact, an end that is older than this is history. */
const RECENT_MS = 15 * 60_000;
/** A recovered symptom is kept this long, so that what is over is not reported again. */
const KEPT_MS = 24 * 3600_000;
/** Most symptoms that are known at once; the oldest that have recovered go first. */
const MOST_KNOWN = 20_000;

/**
 * Decides what is wrong in one cluster. Pure: it is given objects, Events and the time, by whatever source, and returns
 * what has changed.
 *
 * Each symptom of an object goes *suspect* → *firing* → *cleared*. It is a suspect from when it is first seen, and fires when
 * it has lasted its grace period (`SYMPTOMS`). What fires is the symptom key (workload, container, family): the second pod
 * of a Deployment that crashes is the same symptom, and so is the same thing seen by another source. A key is cleared when
 * no object has shown it for the recovery time of its family. Nothing fires and nothing is cleared by objects of a kind
 * that cannot be read at present.
 */
export class Detector {
  readonly #objects = new ClusterObjects();
  /** By kind and name of the object. */
  readonly #suspects = new Map<string, Suspect[]>();
  /** By symptom key. */
  readonly #known = new Map<string, Known>();
  /** Kinds whose objects are up to date. */
  readonly #current = new Set<WatchedKind>();
  /** Kinds that cannot be read at all. */
  readonly #unreadable = new Set<WatchedKind>();
  /** When an object of a kind that is not followed was read by itself, by kind and name. */
  readonly #readAt = new Map<string, number>();
  #horizon: Horizon = { over: 0, ended: 0 };
  #serverCluster: string;

  /** @param serverCluster what the MCP server calls the cluster, see `faultOf` */
  constructor(serverCluster: string) {
    this.#serverCluster = serverCluster;
  }

  /** What the server calls the cluster. */
  get serverCluster(): string {
    return this.#serverCluster;
  }

  set serverCluster(name: string) {
    this.#serverCluster = name;
  }

  /** Keys of the problems that are firing by what is up to date. */
  firing(): string[] {
    const firing = [...this.#known.values()].filter(
      ({ symptom, absentSince }) => symptom.state === 'firing' && absentSince === undefined,
    );
    return [...new Set(firing.map(({ problem }) => problem))];
  }

  /** How many objects are kept. */
  get size(): number {
    return this.#objects.size;
  }

  /** Takes over what is remembered from before: what is firing is not reported anew. */
  restore(remembered: readonly Remembered[]): void {
    for (const one of remembered) {
      const key = symptomKey(one.symptom);
      if (!this.#known.has(key)) this.#known.set(key, one);
    }
  }

  /**
   * Sets what counts as history. Without a last contact, what is over already is; with one, what was over before it.
   * @param lastContact until when the cluster was watched before, ms since the epoch
   */
  startAt(now: number, lastContact: number | undefined): void {
    this.#horizon =
      lastContact === undefined
        ? { over: now - SKEW_MS, ended: now - RECENT_MS }
        : { over: lastContact - SKEW_MS, ended: lastContact - SKEW_MS };
  }

  /** Takes a whole list: objects of the kind that are not in it no longer exist. */
  list<K extends WatchedKind>(kind: K, objects: readonly ObjectOf<K>[], now: number): void {
    const wasCurrent = this.#current.has(kind);
    this.#objects.setKnown(kind, true);
    this.#current.add(kind);
    this.#unreadable.delete(kind);
    const gone = new Set(this.#objects.names(kind));
    for (const object of objects) {
      gone.delete(nameKey(object.metadata));
      this.#objects.put(kind, object);
    }
    for (const key of gone) this.#forget(kind, key);
    for (const object of objects) this.#look(kind, object.metadata, now, wasCurrent);
  }

  /** Takes one object that is new or has changed. */
  put<K extends WatchedKind>(kind: K, object: ObjectOf<K>, now: number): void {
    this.#objects.put(kind, object);
    this.#noteRead(kind, object.metadata, now);
    this.#look(kind, object.metadata, now, this.#current.has(kind));
  }

  /** Takes the end of one object. */
  remove(kind: WatchedKind, name: Name, now: number): void {
    this.#noteRead(kind, name, now);
    this.#forget(kind, nameKey(name));
  }

  /** The objects of a kind may have changed unseen: they fire nothing and clear nothing until they are listed again. */
  lose(kind: WatchedKind): void {
    this.#current.delete(kind);
  }

  /** The objects of a kind are followed again, and nothing was missed. */
  resume(kind: WatchedKind): void {
    this.#current.add(kind);
  }

  /** All kinds may have changed unseen, as when the connection is lost. */
  loseAll(): void {
    this.#current.clear();
  }

  /**
   * Keeps of the objects only those that show a symptom: where nothing follows a cluster's objects, the others would be out of
   * date when they are needed.
   */
  forgetHealthy(): void {
    this.loseAll();
    for (const kind of WATCHED_KINDS) {
      this.#objects.setKnown(kind, false);
      for (const key of this.#objects.names(kind)) if (!this.#suspects.has(`${kind}|${key}`)) this.#forget(kind, key);
    }
  }

  /** The kind cannot be read at all: its Events alone speak of it. */
  forgetKind(kind: WatchedKind): void {
    this.lose(kind);
    this.#unreadable.add(kind);
    this.#objects.setKnown(kind, false);
    for (const key of this.#objects.names(kind)) this.#forget(kind, key);
  }

  /**
   * Takes a fault that the MCP server reports. It counts at once; whether it is new is for admission to say, but no other
   * source reports the same symptom again.
   */
  assert(fault: FaultEvent, now: number): Detected {
    const identity = {
      workload: workloadOfResource(fault.resource, this.#objects),
      family: familyOfType(fault.faultType),
      ...(fault.container !== undefined && { container: fault.container }),
    };
    const known = this.#knownLike(identity);
    const key = known ? symptomKey(known.symptom) : symptomKey(identity);
    const firedAt = known?.symptom.state === 'firing' ? known.symptom.fired_at : now;
    const symptom = rememberedOf(fault, identity, firedAt);
    const problem = known?.symptom.state === 'firing' ? known.problem : this.#problemOf(symptom);
    // Read anew when the objects are: until then the server's word counts.
    this.#known.set(key, { problem, symptom: { ...symptom, ...(known && { container: known.symptom.container }) } });
    return { change: 'fired', problem, symptom, fault, isNew: known === undefined };
  }

  /**
   * Lets time pass: what has lasted its grace period fires, what has recovered is cleared. Call it after each list or change,
   * and once in a while.
   */
  advance(now: number): Detected[] {
    this.#lookAgain(now);
    const shown = this.#shown(now);
    const detected: Detected[] = [];
    const byCause = [...shown].sort(([, one], [, other]) => causeOf(one) - causeOf(other));
    for (const [key, suspect] of byCause) {
      const known = this.#known.get(key);
      if (known?.symptom.state !== 'firing') {
        detected.push(this.#fire(key, suspect, now));
        continue;
      }
      delete known.absentSince;
      if (suspect.symptom.course === 'over') known.symptom.since = suspect.symptom.since ?? now;
    }
    for (const [key, known] of this.#known) {
      if (known.symptom.state !== 'firing' || shown.has(key)) continue;
      const cleared = this.#clear(known, now);
      if (cleared) detected.push(cleared);
    }
    this.#forgetOld(now);
    return detected;
  }

  /** When something may fire or be cleared next if no object changes, ms since the epoch; undefined: nothing may. */
  nextChange(after: number): number | undefined {
    const times: number[] = [];
    for (const { symptom, seenAt } of [...this.#suspects.values()].flat()) {
      times.push(dueAt(symptom, seenAt), (symptom.until ?? 0) + 1);
    }
    for (const { symptom, absentSince } of this.#known.values()) {
      if (symptom.state === 'firing' && absentSince !== undefined) times.push(absentSince + recoveryOf(symptom.family));
    }
    const later = times.filter((time) => time > after);
    return later.length === 0 ? undefined : later.reduce((earliest, time) => Math.min(earliest, time));
  }

  /** The objects that show a symptom, each with when its first suspect is due, ms since the epoch. */
  suspectObjects(): { kind: WatchedKind; name: { namespace?: string; name: string }; dueAt: number }[] {
    return [...this.#suspects].flatMap(([id, suspects]) => {
      const [kind, key] = splitId(id);
      if (!kind) return [];
      const due = suspects.map(({ symptom, seenAt }) => dueAt(symptom, seenAt));
      const { namespace, name } = nameOf(key);
      return [{ kind, name: { name, ...(namespace && { namespace }) }, dueAt: Math.min(...due) }];
    });
  }

  /**
   * When reading one object anew may change something, ms since the epoch; undefined: nothing is wrong with it.
   */
  nextChangeOf(kind: WatchedKind, name: Name, now: number): number | undefined {
    const { kind: kindName } = KINDS[kind];
    const isOf = (resource: { kind: string; namespace?: string | undefined; name: string }): boolean =>
      resource.kind === kindName && nameKey(resource) === nameKey(name);
    const due = [...this.#suspects.values()]
      .flat()
      .filter(({ symptom }) => isOf(symptom.resource))
      .map(({ symptom, seenAt }) => dueAt(symptom, seenAt));
    const ends = [...this.#known.values()]
      .filter(({ symptom }) => symptom.state === 'firing' && isOf(symptom.resource))
      .map(({ symptom, absentSince = now }) => absentSince + recoveryOf(symptom.family));
    const later = [...due.filter((at) => at > now), ...ends];
    return later.length === 0 ? undefined : Math.min(...later);
  }

  /** The CronJob of a Job: a later run that succeeds ends the failure of an earlier one. */
  cronJobOf(job: Name): { namespace?: string | null | undefined; name: string } | undefined {
    const { metadata } = this.#objects.get('jobs', job) ?? {};
    const owner = metadata?.ownerReferences?.find(({ kind }) => kind === 'CronJob');
    return owner && { namespace: metadata?.namespace, name: owner.name };
  }

  /** The node of a pod that is not ready. */
  nodeOf(pod: Name): string | undefined {
    const { spec, status } = this.#objects.get('pods', pod) ?? {};
    return conditionOf(status?.conditions, 'Ready')?.status === 'False' ? (spec?.nodeName ?? undefined) : undefined;
  }

  #look(kind: WatchedKind, name: Name, now: number, isFresh = this.#current.has(kind)): void {
    const id = idOf(kind, name);
    const before = this.#suspects.get(id);
    const found = symptomsOf(kind, name, this.#objects);
    if (found.length === 0) {
      if (before) this.#suspects.delete(id);
      return;
    }
    const suspects = found.map((symptom): Suspect => {
      const { workload, container } = symptom;
      const key = symptomKey({ workload, container, family: SYMPTOMS[symptom.kind].family });
      const same = before?.find((suspect) => suspect.symptom.kind === symptom.kind && suspect.key === key);
      const isSame = same !== undefined && same.symptom.since === symptom.since;
      return { symptom, key, kind, seenAt: same?.seenAt ?? now, isFresh: isSame ? same.isFresh : isFresh };
    });
    this.#suspects.set(id, suspects);
  }

  /** Objects whose symptoms depend on others: a Service on pods, a pod on its node, an Event on its object. */
  #lookAgain(now: number): void {
    for (const kind of ['events', 'services', 'persistentvolumeclaims'] as const) {
      for (const { metadata } of this.#objects.all(kind)) this.#look(kind, metadata, now);
    }
    for (const id of this.#suspects.keys()) {
      const [kind, key] = splitId(id);
      if (kind === 'pods' || kind === 'jobs' || kind === 'replicasets') this.#look(kind, nameOf(key), now);
    }
  }

  /** The symptom keys that an object shows now and for long enough, with the object that shows it first. */
  #shown(now: number): Map<string, Suspect> {
    const shown = new Map<string, Suspect>();
    for (const [id, suspects] of this.#suspects) {
      for (const suspect of suspects) {
        const { symptom, seenAt } = suspect;
        if (!this.#isCurrent(id, suspect.kind, now) || this.#isUnconfirmed(suspect, now)) continue;
        if (dueAt(symptom, seenAt) > now || (symptom.until ?? Infinity) < now) continue;
        const key = this.#knownKeyOf(suspect);
        if (this.#isHistory(suspect, this.#known.get(key))) continue;
        const other = shown.get(key);
        if (!other || isBetter(suspect, other)) shown.set(key, suspect);
      }
    }
    // What other Events say of a workload with a known fault is a part of that.
    const troubled = new Set(
      [...shown.values()].filter(({ symptom }) => symptom.kind !== 'WarningEvent').map(workloadOf),
    );
    for (const known of this.#known.values()) {
      if (known.symptom.state === 'firing' && known.symptom.family !== 'event')
        troubled.add(workloadKey(known.symptom.workload));
    }
    for (const [key, suspect] of shown) {
      const isEvent = suspect.symptom.kind === 'WarningEvent';
      if (isEvent && troubled.has(workloadOf(suspect))) shown.delete(key);
    }
    return shown;
  }

  /** A fault of the server tells no container; what any container of its workload shows is the same symptom then. */
  #knownKeyOf({ key, symptom }: Suspect): string {
    if (this.#known.has(key)) return key;
    const { workload } = symptom;
    const ofAny = symptomKey({ workload, family: SYMPTOMS[symptom.kind].family });
    return this.#known.get(ofAny)?.symptom.state === 'firing' ? ofAny : key;
  }

  #isCurrent(id: string, kind: WatchedKind, now: number): boolean {
    return this.#current.has(kind) || now - (this.#readAt.get(id) ?? -Infinity) <= FRESH_MS;
  }

  /** An Event of an object that has not been read yet, or what depends on other objects that have not. */
  #isUnconfirmed({ kind, symptom }: Suspect, now: number): boolean {
    const needs = NEEDS[symptom.kind] ?? [];
    if (needs.some((other) => !this.#current.has(other) && !this.#unreadable.has(other))) return true;
    const { resource } = symptom;
    const about = kind === 'events' ? watchedKindOf(resource.kind) : undefined;
    if (about === undefined || this.#current.has(about) || this.#unreadable.has(about)) return false;
    // What is kept of an object that was read long ago may be out of date.
    return this.#objects.get(about, resource) === undefined || !this.#isCurrent(idOf(about, resource), about, now);
  }

  #noteRead(kind: WatchedKind, name: Name, now: number): void {
    if (!this.#current.has(kind)) this.#readAt.set(idOf(kind, name), now);
  }

  #isHistory({ symptom: { course, since }, isFresh }: Suspect, known: Known | undefined): boolean {
    if (course === 'now' || since === undefined) return false;
    // A failed Job goes on to be one as long as it exists; what is over has been reported.
    if (known?.symptom.state === 'firing') return course === 'over' && since <= known.symptom.since;
    return (known !== undefined && since <= known.symptom.since) || (!isFresh && since < this.#horizon[course]);
  }

  #fire(key: string, { symptom, seenAt }: Suspect, now: number): Detected {
    const fault = faultOf(symptom, this.#serverCluster, now);
    const { workload, container } = symptom;
    const identity = { workload, container, family: SYMPTOMS[symptom.kind].family };
    const remembered = rememberedOf(fault, identity, now, symptom.since ?? seenAt);
    const problem = this.#problemOf(remembered);
    const isNew = !this.#known.has(key);
    this.#known.set(key, { problem, symptom: remembered, ...(symptom.course === 'over' && { absentSince: now }) });
    return { change: 'fired', problem, symptom: remembered, fault, isNew };
  }

  /** @returns the change, when the symptom has been gone for long enough */
  #clear(known: Known, now: number): Detected | undefined {
    const { resource } = known.symptom;
    const kind = watchedKindOf(resource.kind) ?? 'events';
    if (!this.#isCurrent(idOf(kind, resource), kind, now)) return undefined;
    known.absentSince ??= now;
    if (now - known.absentSince < recoveryOf(known.symptom.family)) return undefined;
    known.symptom = { ...known.symptom, state: 'cleared', cleared_at: now };
    return { change: 'cleared', problem: known.problem, symptom: known.symptom, isNew: false };
  }

  #problemOf(symptom: RememberedSymptom): string {
    const workload = workloadKey(symptom.workload);
    const firing = [...this.#known.values()].filter(
      (known) => known.symptom.state === 'firing' && workloadKey(known.symptom.workload) === workload,
    );
    const open = Map.groupBy(firing, ({ problem }) => problem);
    return problemKey(
      symptom,
      [...open].map(([key, members]) => ({ key, symptoms: members.map((member) => member.symptom) })),
    );
  }

  /** The symptom that a server's fault is: servers do not send the container, and then that of any container is meant. */
  #knownLike(identity: Parameters<typeof symptomKey>[0]): Known | undefined {
    const same = this.#known.get(symptomKey(identity));
    if (same || identity.container !== undefined) return same;
    const workload = workloadKey(identity.workload);
    return [...this.#known.values()].find(
      ({ symptom }) =>
        symptom.state === 'firing' && symptom.family === identity.family && workloadKey(symptom.workload) === workload,
    );
  }

  #forget(kind: WatchedKind, key: string): void {
    this.#objects.remove(kind, key);
    this.#suspects.delete(`${kind}|${key}`);
  }

  #forgetOld(now: number): void {
    for (const [id, at] of this.#readAt) if (now - at > FRESH_MS) this.#readAt.delete(id);
    const isOld = ({ symptom }: Known): boolean =>
      symptom.state === 'cleared' && (symptom.cleared_at ?? 0) < now - KEPT_MS;
    for (const [key, known] of this.#known) if (isOld(known)) this.#known.delete(key);
    if (this.#known.size <= MOST_KNOWN) return;
    const cleared = [...this.#known].filter(([, { symptom }]) => symptom.state === 'cleared');
    for (const [key] of cleared.slice(0, this.#known.size - MOST_KNOWN)) this.#known.delete(key);
  }
}

/** Of two objects that show the same symptom, the more severe, then the earlier one speaks for it. */
function isBetter(one: Suspect, other: Suspect): boolean {
  const [a, b] = [SYMPTOMS[one.symptom.kind].severity, SYMPTOMS[other.symptom.kind].severity];
  if (a !== b) return a === 'critical' || b === 'info';
  return (one.symptom.since ?? one.seenAt) < (other.symptom.since ?? other.seenAt);
}

function causeOf({ symptom }: Suspect): number {
  return SYMPTOM_FAMILIES.indexOf(SYMPTOMS[symptom.kind].family);
}

function workloadOf({ symptom }: Suspect): string {
  return workloadKey(symptom.workload);
}

function rememberedOf(
  fault: FaultEvent,
  identity: Pick<RememberedSymptom, 'workload' | 'family'> & { container?: string | undefined },
  firedAt: number,
  since = Date.parse(fault.timestamp),
): RememberedSymptom {
  return {
    state: 'firing',
    family: identity.family,
    ...(identity.container !== undefined && { container: identity.container }),
    workload: identity.workload,
    fault_type: fault.faultType,
    severity: fault.severity,
    resource: fault.resource,
    fault_id: fault.faultId,
    since,
    fired_at: firedAt,
  };
}

function idOf(kind: WatchedKind, name: Name): string {
  return `${kind}|${nameKey(name)}`;
}

function splitId(id: string): [WatchedKind | undefined, string] {
  const at = id.indexOf('|');
  return [WATCHED_KINDS.find((kind) => kind === id.slice(0, at)), id.slice(at + 1)];
}

function nameOf(key: string): { namespace: string; name: string } {
  const at = key.indexOf('/');
  return { namespace: key.slice(0, at), name: key.slice(at + 1) };
}

/** Reads an object of a kind; undefined for one that has not the shape. */
export function parseObject<K extends WatchedKind>(kind: K, value: unknown): ObjectOf<K> | undefined {
  const parsed = KINDS[kind].schema.safeParse(value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema is that of the kind
  return parsed.success ? (parsed.data as ObjectOf<K>) : undefined;
}
