import { emptyPage } from '@nightcrier/core/incidents/books';
import { SEVERITIES, type Severity } from '@nightcrier/core/faults/severity';
import type { AdmissionSettings } from '../src/admission/admission-settings.ts';

/** A fault as the model sees it. `received` is its time of receipt, ms. */
export interface ModelFault {
  fingerprint: string;
  cluster: string;
  severity: Severity;
  /** Undefined: it belongs to no group. */
  group: string | undefined;
  received: number;
}

interface ModelIncident {
  id: string;
  fault: ModelFault;
  /** Severity and time by which it is evicted. */
  score: [severity: number, time: number];
  state: 'queued' | 'investigating' | 'reported' | 'failed' | 'dropped' | 'rejected';
  phase: 'waiting' | 'delayed' | 'active';
  dedupUntil: number;
  recurrences: number;
  members: Map<string, ModelFault>;
  ownsGroup: boolean;
  tag: number;
  /** Of its job among those of one priority. */
  sequence: number;
}

type Evicted = { incidentId: string; cluster: string }[];
export type ModelOutcome =
  | { kind: 'queued'; incidentId: string; evicted: Evicted }
  | { kind: 'deduplicated'; incidentId: string; recurrences: number }
  | { kind: 'grouped'; incidentId: string; members: number }
  | { kind: 'already_open'; incidentId: string }
  | { kind: 'rejected'; incidentId: string; bound: 'cluster' | 'global' }
  | { kind: 'dropped_incoming'; incidentId: string; bound: 'cluster' | 'global'; evicted: Evicted };

const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);
const isOpen = (incident: ModelIncident | undefined): boolean =>
  incident?.state === 'queued' || incident?.state === 'investigating';

/** A model of admission in memory: what it promises, without batches, indexes and jobs. */
export class AdmissionModel {
  readonly incidents = new Map<string, ModelIncident>();
  readonly books = emptyPage();
  readonly #settings: AdmissionSettings;
  /** Incident of a fault, and of a group, within its cluster. */
  readonly #owners = new Map<string, ModelIncident>();
  readonly #groups = new Map<string, ModelIncident>();
  #nextTags = new Map<string, number>();
  #startedTags = new Map<number, number>();
  #sequence = 0;

  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  admit(id: string, fault: ModelFault, now: number): ModelOutcome {
    const owner = this.#owners.get(faultKey(fault));
    if (owner && this.#covers(owner, fault, now)) {
      owner.recurrences += 1;
      if (isOpen(owner) && rank(fault.severity) > owner.score[0]) this.#raise(owner, fault);
      this.#receive('deduplicated');
      return { kind: 'deduplicated', incidentId: owner.id, recurrences: owner.recurrences };
    }
    const group = this.#coveringGroup(fault);
    if (group) {
      group.members.set(fault.fingerprint, fault);
      this.#owners.set(faultKey(fault), group);
      this.#receive('grouped');
      return { kind: 'grouped', incidentId: group.id, members: group.members.size + 1 };
    }
    const { evicted, full } = this.#makeRoom(fault);
    if (full) {
      const refused = this.#refusal(id, full, evicted);
      const state = refused.kind === 'rejected' ? 'rejected' : 'dropped';
      const incident = { ...this.#newIncident(id, fault, now), state } as const;
      this.incidents.set(id, incident);
      this.#owners.set(faultKey(fault), incident);
      this.#receive(refused.kind);
      return refused;
    }
    this.#enqueue(this.#newIncident(id, fault, now));
    return { kind: 'queued', incidentId: id, evicted };
  }

  /** Requeues an incident, or splits a member of it off. The new incident has the id `id`. */
  again(id: string, source: ModelIncident, member: ModelFault | undefined, now: number): ModelOutcome {
    const fault = { ...(member ?? source.fault), received: now };
    const owner = this.#owners.get(faultKey(fault));
    if (!member && isOpen(source)) return { kind: 'already_open', incidentId: source.id };
    if (owner && owner !== source && isOpen(owner)) return { kind: 'already_open', incidentId: owner.id };
    const { evicted, full } = this.#makeRoom(fault);
    if (full) return this.#refusal(id, full, evicted);
    const incident = this.#newIncident(id, fault, now);
    if (member) source.members.delete(member.fingerprint);
    else incident.members = new Map(source.members);
    this.books.requeued += 1;
    for (const other of incident.members.values())
      if (!isOpen(this.#owners.get(faultKey(other)))) this.#owners.set(faultKey(other), incident);
    this.#enqueue(incident);
    return { kind: 'queued', incidentId: id, evicted };
  }

  /** Starts the next job and returns its incident, undefined if none waits. */
  start(): ModelIncident | undefined {
    const [next] = this.startOrder();
    if (!next) return undefined;
    const [severity] = next.score;
    if (next.tag >= (this.#startedTags.get(severity) ?? 0)) this.#startedTags.set(severity, next.tag);
    this.#change(next, 'investigating', 'active');
    return next;
  }

  /** A worker returns the job, to be retried later. */
  return(incident: ModelIncident): void {
    this.#change(incident, 'queued', 'delayed');
  }

  end(incident: ModelIncident, state: 'reported' | 'failed'): void {
    this.books.finished += 1;
    this.#end(incident, state);
  }

  /** The waiting incidents in the order in which their jobs start; delayed ones do not. */
  startOrder(): ModelIncident[] {
    return this.waiting()
      .filter(({ phase }) => phase === 'waiting')
      .toSorted((a, b) => b.score[0] - a.score[0] || a.tag - b.tag || a.sequence - b.sequence);
  }

  waiting(cluster?: string): ModelIncident[] {
    return [...this.incidents.values()].filter(
      ({ state, fault }) => state === 'queued' && (cluster === undefined || fault.cluster === cluster),
    );
  }

  /** A shed incident covers its fault within the dedup window, unless it has become more severe. */
  #covers(owner: ModelIncident, fault: ModelFault, now: number): boolean {
    const inWindow = now < owner.dedupUntil;
    if (owner.state === 'dropped' || owner.state === 'rejected')
      return inWindow && owner.score[0] >= rank(fault.severity);
    return inWindow || isOpen(owner);
  }

  #coveringGroup(fault: ModelFault): ModelIncident | undefined {
    const owner = this.#groups.get(groupKey(fault));
    return owner && isOpen(owner) && owner.score[0] >= rank(fault.severity) ? owner : undefined;
  }

  #makeRoom(fault: ModelFault): { evicted: Evicted; full?: 'cluster' | 'global' } {
    const { cluster_queue_size, global_queue_size } = this.#settings;
    const evicted: Evicted = [];
    const bounds = [
      ['cluster', cluster_queue_size === 0 ? Infinity : cluster_queue_size, fault.cluster],
      ['global', global_queue_size, undefined],
    ] as const;
    for (const [bound, size, cluster] of bounds)
      while (this.waiting(cluster).length >= size) {
        const [victim] = this.waiting(cluster).toSorted((a, b) => a.score[0] - b.score[0] || a.score[1] - b.score[1]);
        if (this.#settings.queue_overflow_policy === 'reject' || !victim || victim.score[0] > rank(fault.severity))
          return { evicted, full: bound };
        this.books.dropped += 1;
        this.#end(victim, 'dropped');
        evicted.push({ incidentId: victim.id, cluster: victim.fault.cluster });
      }
    return { evicted };
  }

  #refusal(incidentId: string, bound: 'cluster' | 'global', evicted: Evicted) {
    return this.#settings.queue_overflow_policy === 'reject'
      ? ({ kind: 'rejected', incidentId, bound } as const)
      : ({ kind: 'dropped_incoming', incidentId, bound, evicted } as const);
  }

  #newIncident(id: string, fault: ModelFault, now: number): ModelIncident {
    return {
      id,
      fault,
      score: [rank(fault.severity), fault.received],
      state: 'queued',
      phase: 'waiting',
      dedupUntil: now + this.#settings.dedup_window_seconds * 1_000,
      recurrences: 0,
      members: new Map(),
      ownsGroup: false,
      tag: 0,
      sequence: 0,
    };
  }

  /** A fault of higher severity that the incident covers. */
  #raise(incident: ModelIncident, fault: ModelFault): void {
    incident.score = [rank(fault.severity), incident.score[1]];
    this.#takeTag(incident);
  }

  #takeTag(incident: ModelIncident): void {
    const [severity] = incident.score;
    const lane = `${severity} ${incident.fault.cluster}`;
    incident.tag = Math.max(this.#nextTags.get(lane) ?? 0, this.#startedTags.get(severity) ?? 0);
    this.#nextTags.set(lane, incident.tag + 1);
    incident.sequence = this.#sequence += 1;
  }

  #enqueue(incident: ModelIncident): void {
    const { fault } = incident;
    if (this.waiting().length === 0) [this.#nextTags, this.#startedTags] = [new Map(), new Map()];
    this.#takeTag(incident);
    incident.ownsGroup = fault.group !== undefined && !this.#coveringGroup(fault);
    this.incidents.set(incident.id, incident);
    this.#owners.set(faultKey(fault), incident);
    if (incident.ownsGroup) this.#groups.set(groupKey(fault), incident);
    this.#receive('queued');
    this.books.waiting += 1;
  }

  #change(incident: ModelIncident, state: 'queued' | 'investigating', phase: ModelIncident['phase']): void {
    this.books[incident.phase] -= 1;
    this.books[phase] += 1;
    Object.assign(incident, { state, phase });
  }

  #end(incident: ModelIncident, state: 'reported' | 'failed' | 'dropped'): void {
    this.books[incident.phase] -= 1;
    incident.state = state;
    const key = groupKey(incident.fault);
    if (incident.ownsGroup && this.#groups.get(key) === incident) this.#groups.delete(key);
  }

  #receive(outcome: 'queued' | 'deduplicated' | 'grouped' | 'rejected' | 'dropped_incoming'): void {
    this.books.received += 1;
    this.books[outcome] += 1;
  }
}

function faultKey({ cluster, fingerprint }: ModelFault): string {
  return `${cluster} ${fingerprint}`;
}

function groupKey({ cluster, group }: ModelFault): string {
  return `${cluster} ${group}`;
}
