import type { FaultEvent, ResourceReference } from '@nightcrier/core/faults/fault';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { symptomKey } from '@nightcrier/core/problems/problem-key';
import { SYMPTOM_FAMILIES, type SymptomFamily } from '@nightcrier/core/problems/symptom-families';
import { DEFAULT_RECOVERY, recoveryOf, type RecoveryTimes } from '@nightcrier/core/problems/recovery';
import { familyOfType, SYMPTOMS } from '@nightcrier/core/problems/symptom-table';
import { type ObjectName, nameKey } from './objects/cluster-objects.ts';
import { faultOf, rememberedOf } from './fault-of.ts';
import { Freshness } from './freshness.ts';
import { Horizon } from './horizon.ts';
import { KINDS, type ObjectOf, type WatchedKind, watchedKindOf } from './objects/kinds.ts';
import { type Known, KnownSymptoms, type Remembered } from './known-symptoms.ts';
import { Listing } from './listing.ts';
import { placeOfResource, type ResourcePlace, silenceOfResource, workloadOfResource } from './objects/owners.ts';
import { type Suspect, type SuspectObject, Suspects } from './suspects.ts';
import { ShownSymptoms } from './shown-symptoms.ts';
import { conditionOf, dueAt, timeOf } from './symptom.ts';

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
  readonly #fresh = new Freshness();
  readonly #suspects = new Suspects((kind) => this.#fresh.has(kind));
  readonly #recovery: RecoveryTimes;
  readonly #known: KnownSymptoms;
  readonly #horizon = new Horizon();
  readonly #shown: ShownSymptoms;
  #losses = 0;
  /** What the MCP server calls the cluster, see `faultOf`. */
  serverCluster: string;

  constructor(serverCluster: string, recovery: RecoveryTimes = DEFAULT_RECOVERY) {
    this.serverCluster = serverCluster;
    this.#recovery = recovery;
    this.#known = new KnownSymptoms(recovery);
    this.#shown = new ShownSymptoms(this.#suspects, this.#fresh, this.#known, this.#horizon);
  }

  /** Keys of the problems that are firing by what is up to date. */
  firing(): string[] {
    const firing = [...this.#known.firing()].filter(([, { absentSince }]) => absentSince === undefined);
    return [...new Set(firing.map(([, { problem }]) => problem))];
  }

  /** Whether any container of a resource's workload has a symptom of this family that is firing. */
  isFiring(resource: ResourceReference, family: SymptomFamily): boolean {
    const workload = workloadOfResource(resource, this.#suspects.objects);
    return this.#known.firingOf(workload).some(({ symptom }) => symptom.family === family);
  }

  /** How many objects are kept. */
  get size(): number {
    return this.#suspects.objects.size;
  }

  /** How often objects were forgotten without a sign that they are gone: what was listed before is no longer here. */
  get losses(): number {
    return this.#losses;
  }

  /** Names of the namespaces, as far as they are known. */
  namespaces(): string[] {
    return [...this.#suspects.objects.all('namespaces')].map(({ metadata }) => metadata.name);
  }

  /** The annotation that silences a resource, see {@link silenceOfResource}. */
  silenceOf(resource: ResourceReference): string | undefined {
    return silenceOfResource(resource, this.#suspects.objects);
  }

  /** Namespaces in which objects of a kind are known. */
  namespacesWith(kind: WatchedKind): string[] {
    return this.#suspects.objects.namespacesWith(kind);
  }

  /** Takes over what is remembered from before: what is firing is not reported anew. */
  restore(remembered: readonly Remembered[]): void {
    for (const one of remembered) {
      const key = symptomKey(one.symptom);
      if (!this.#known.has(key)) this.#known.set(key, one);
    }
  }

  /** Sets what counts as history, see {@link Horizon.startAt}. */
  startAt(now: number, lastContact: number | undefined, listedUntil?: ReadonlyMap<string, number>): void {
    this.#horizon.startAt(now, lastContact, listedUntil);
  }

  /**
   * Begins to take a whole list, in parts: a large one must not block the process.
   * @param isFollowed whether changes of the objects are noticed from the list on. If not, an object shows a symptom until it was
   *   read, and not longer: the lists of a large cluster may take longer than a grace period
   */
  beginList<K extends WatchedKind>(kind: K, { isFollowed = true } = {}): Listing<K> {
    return new Listing(kind, this.#suspects, this.#fresh, isFollowed);
  }

  /** Takes a whole list: objects of the kind that are not in it no longer exist. */
  list<K extends WatchedKind>(kind: K, objects: readonly ObjectOf<K>[], now: number): void {
    const listing = this.beginList(kind);
    listing.put(objects, now);
    listing.end();
  }

  /** Takes one object that is new or has changed. */
  put<K extends WatchedKind>(kind: K, object: ObjectOf<K>, now: number): void {
    this.#fresh.noteRead(kind, object.metadata, now);
    this.#suspects.put(kind, [object], now);
  }

  /** Takes the end of one object. */
  remove(kind: WatchedKind, name: ObjectName, now: number): void {
    this.#fresh.noteRead(kind, name, now);
    this.#suspects.remove(kind, name);
  }

  /** The objects of a kind may have changed unseen: they fire nothing and clear nothing until they are listed again. */
  lose(kind: WatchedKind): void {
    this.#fresh.lose(kind);
  }

  /** The objects of a kind are followed again, and nothing was missed. */
  resume(kind: WatchedKind): void {
    this.#fresh.set(kind);
  }

  /** All kinds may have changed unseen, as when the connection is lost. */
  loseAll(): void {
    this.#fresh.loseAll();
  }

  /**
   * Keeps of the objects only those that show a symptom: where nothing follows a cluster's objects, the others would be out of
   * date when they are needed.
   */
  forgetHealthy(): void {
    this.#losses += 1;
    this.loseAll();
    this.#suspects.forgetHealthy();
  }

  /** The kind cannot be read at all: its Events alone speak of it. */
  forgetKind(kind: WatchedKind): void {
    this.#losses += 1;
    this.#fresh.setUnreadable(kind);
    this.#suspects.forgetKind(kind);
  }

  /**
   * Takes a fault that the MCP server reports. It counts at once; whether it is new is for admission to say, but no other
   * source reports the same symptom again.
   */
  assert(fault: FaultEvent, now: number): Detected {
    const identity = {
      workload: workloadOfResource(fault.resource, this.#suspects.objects),
      family: familyOfType(fault.faultType),
      ...(fault.container !== undefined && { container: fault.container }),
    };
    const known = this.#known.like(identity);
    const key = known ? symptomKey(known.symptom) : symptomKey(identity);
    const firedAt = known?.symptom.state === 'firing' ? known.symptom.fired_at : now;
    // A fault of the server tells no container: the symptom stays that of the container that is known.
    const symptom = { ...rememberedOf(fault, identity, firedAt), ...(known && { container: known.symptom.container }) };
    const problem = known?.symptom.state === 'firing' ? known.problem : this.#known.problemOf(symptom);
    // Read anew when the objects are: until then the server's word counts.
    this.#known.set(key, { problem, symptom });
    return { change: 'fired', problem, symptom, fault, isNew: known === undefined };
  }

  /**
   * Lets time pass: what has lasted its grace period fires, what has recovered is cleared. Call it after each list or change,
   * and once in a while.
   */
  advance(now: number): Detected[] {
    this.#suspects.refresh(now);
    const shown = this.#shown.at(now);
    const detected: Detected[] = [];
    const byCause = [...shown].sort(([, one], [, other]) => causeOf(one) - causeOf(other));
    for (const [key, suspect] of byCause) {
      const known = this.#known.get(key);
      if (known?.symptom.state !== 'firing') {
        detected.push(this.#fire(key, suspect, now));
        continue;
      }
      delete known.absentSince;
      if (isWorse(suspect, known)) detected.push(this.#escalate(known, suspect, now));
      if (suspect.symptom.course === 'over') known.symptom.since = suspect.symptom.since ?? now;
    }
    for (const [key, known] of this.#known.firing()) {
      if (shown.has(key) || this.#awaitsSuccess(known) || !this.#isReadable(known, now)) continue;
      if (!this.#known.clear(known, now)) continue;
      detected.push({ change: 'cleared', problem: known.problem, symptom: known.symptom, isNew: false });
    }
    this.#fresh.forgetOld(now);
    this.#known.forgetOld(now);
    return detected;
  }

  /** When something may fire or be cleared next if no object changes, ms since the epoch; undefined: nothing may. */
  nextChange(after: number): number | undefined {
    let next = Infinity;
    const consider = (time: number): void => {
      if (time > after && time < next) next = time;
    };
    for (const { symptom, seenAt } of this.#suspects) {
      consider(dueAt(symptom, seenAt));
      consider((symptom.until ?? 0) + 1);
    }
    for (const [, { symptom, absentSince }] of this.#known.firing()) {
      if (absentSince !== undefined) consider(absentSince + recoveryOf(symptom.family, this.#recovery));
    }
    return next === Infinity ? undefined : next;
  }

  /** The objects of symptoms that are firing, as far as their kinds are watched. */
  firingObjects(): Pick<SuspectObject, 'kind' | 'name'>[] {
    return [...this.#known.firing()].flatMap(([, { symptom }]) => {
      const { kind, namespace, name } = symptom.resource;
      const watched = watchedKindOf(kind);
      return watched === undefined ? [] : [{ kind: watched, name: { name, ...(namespace && { namespace }) } }];
    });
  }

  /** Where the object of a fault runs, and what, as far as it has been read. */
  placeOf(resource: ResourceReference): ResourcePlace {
    return placeOfResource(resource, this.#suspects.objects);
  }

  /** The objects that show a symptom. */
  suspectObjects(): SuspectObject[] {
    return this.#suspects.suspectObjects();
  }

  /** When reading one object anew may change something, ms since the epoch; undefined: nothing is wrong with it. */
  nextChangeOf(kind: WatchedKind, name: ObjectName, now: number): number | undefined {
    const { kind: kindName } = KINDS[kind];
    const key = nameKey(name);
    const isOf = (resource: { kind: string } & ObjectName): boolean =>
      resource.kind === kindName && nameKey(resource) === key;
    let next = Infinity;
    for (const { symptom, seenAt } of this.#suspects) {
      const due = dueAt(symptom, seenAt);
      if (due > now && due < next && isOf(symptom.resource)) next = due;
    }
    for (const [, { symptom, absentSince = now }] of this.#known.firing()) {
      if (isOf(symptom.resource)) next = Math.min(next, absentSince + recoveryOf(symptom.family, this.#recovery));
    }
    return next === Infinity ? undefined : next;
  }

  /** The CronJob of a Job: a later run that succeeds ends the failure of an earlier one. */
  cronJobOf(job: ObjectName): ObjectName | undefined {
    const { metadata } = this.#suspects.objects.get('jobs', job) ?? {};
    const owner = metadata?.ownerReferences?.find(({ kind }) => kind === 'CronJob');
    return owner && { namespace: metadata?.namespace, name: owner.name };
  }

  /** The node of a pod that is not ready. */
  nodeOf(pod: ObjectName): string | undefined {
    const { spec, status } = this.#suspects.objects.get('pods', pod) ?? {};
    return conditionOf(status?.conditions, 'Ready')?.status === 'False' ? (spec?.nodeName ?? undefined) : undefined;
  }

  /** What has fired, by symptom key: firing, or cleared not long ago. */
  remembered(): Iterable<[string, Remembered]> {
    return this.#known.all();
  }

  /** The faults that objects show now, by symptom key, whether they were reported or not. */
  shownFaults(now: number): Map<string, FaultEvent> {
    const shown = [...this.#shown.at(now)];
    return new Map(shown.map(([key, { symptom }]) => [key, faultOf(symptom, this.serverCluster, now)]));
  }

  #fire(key: string, { symptom, seenAt }: Suspect, now: number): Detected {
    const fault = faultOf(symptom, this.serverCluster, now);
    const { workload, container } = symptom;
    const identity = { workload, container, family: SYMPTOMS[symptom.kind].family };
    const remembered = rememberedOf(fault, identity, now, symptom.since ?? seenAt);
    const problem = this.#known.problemOf(remembered);
    const isNew = !this.#known.has(key);
    this.#known.set(key, { problem, symptom: remembered, ...(symptom.course === 'over' && { absentSince: now }) });
    return { change: 'fired', problem, symptom: remembered, fault, isNew };
  }

  /** A symptom that is firing and has become more severe is a further fault of its problem. */
  #escalate(known: Known, { symptom }: Suspect, now: number): Detected {
    const { workload, family, container, since, fired_at } = known.symptom;
    const fault = faultOf(symptom, this.serverCluster, now);
    known.symptom = rememberedOf(fault, { workload, family, container }, fired_at, since);
    return { change: 'fired', problem: known.problem, symptom: known.symptom, fault, isNew: false };
  }

  /** A CronJob whose run has failed goes on to fail until one succeeds, whether the failed Job still exists or not. */
  #awaitsSuccess({ symptom }: Known): boolean {
    if (symptom.family !== 'job') return false;
    const cronJob = this.#suspects.objects.get('cronjobs', symptom.workload);
    if (!cronJob || cronJob.metadata.deletionTimestamp || cronJob.spec?.suspend) return false;
    return (timeOf(cronJob.status?.lastSuccessfulTime) ?? 0) < symptom.since;
  }

  /** Whether the object of a symptom is up to date, so that its absence means something. */
  #isReadable({ symptom: { resource } }: Known, now: number): boolean {
    return this.#fresh.isCurrent(watchedKindOf(resource.kind) ?? 'events', resource, now);
  }
}

/** Whether an object shows a symptom that is firing to be more severe than it was reported. */
function isWorse({ symptom }: Suspect, known: Known): boolean {
  const severity = symptom.severity ?? SYMPTOMS[symptom.kind].severity;
  return SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(known.symptom.severity);
}

function causeOf({ symptom }: Suspect): number {
  return SYMPTOM_FAMILIES.indexOf(SYMPTOMS[symptom.kind].family);
}
