import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { type Detected, Detector } from './detector.ts';
import { parseObject } from './objects/parse-object.ts';
import { KINDS, WATCHED_KINDS, type WatchedKind, watchedKindOf } from './objects/kinds.ts';

/** A whole Kubernetes object, as the API serves it: of any kind, Events included. What detection does not read is ignored. */
export type KubernetesObject = object;

/** What a cluster looked like at one time. */
export interface Observation {
  at: Date;
  /** Every object that exists at that time, also those that have not changed. */
  objects: readonly KubernetesObject[];
}

/** A change that the detector reports, and when. */
export interface DetectedAt extends Detected {
  at: Date;
}

/**
 * Runs the detector over a recorded history and returns what it reports. Pure: the times are those of the observations. Between
 * two observations the cluster counts as unchanged, and grace periods that end there are kept to the second.
 *
 * ```ts
 * const detected = detectHistory('prod', [{ at, objects: [pod, deployment, event] }]);
 * const faults = detected.filter(({ change }) => change === 'fired').map(({ fault }) => fault);
 * ```
 * @param cluster what the MCP server calls the cluster: part of the fingerprints
 * @param lastContact what was over before this time is history; without it, nothing is
 */
export function detectHistory(cluster: string, history: readonly Observation[], lastContact?: Date): DetectedAt[] {
  const detector = new Detector(cluster);
  if (lastContact) detector.startAt(lastContact.getTime(), lastContact.getTime());
  const detected: DetectedAt[] = [];
  const advance = (now: number): void => {
    for (const change of detector.advance(now)) detected.push({ ...change, at: new Date(now) });
  };
  let last: number | undefined;
  for (const { at, objects } of history) {
    const now = at.getTime();
    for (let due = nextChange(detector, last, now); due !== undefined; due = nextChange(detector, due, now))
      advance(due);
    observe(detector, objects, now);
    advance(now);
    last = now;
  }
  return detected;
}

/**
 * The faults that one snapshot shows: symptoms that have lasted their grace period by the times that the cluster tells. Of a
 * symptom that tells no time it is not known, and it is none.
 */
export function detectSnapshot(cluster: string, { at, objects }: Observation): FaultEvent[] {
  return detectHistory(cluster, [{ at, objects }]).flatMap(({ fault }) => fault ?? []);
}

function nextChange(detector: Detector, after: number | undefined, before: number): number | undefined {
  const due = after === undefined ? undefined : detector.nextChange(after);
  return due !== undefined && due < before ? due : undefined;
}

/** Owners come before pods, whatever their order in the list. */
function observe(detector: Detector, objects: readonly KubernetesObject[], now: number): void {
  const byKind = Map.groupBy(objects, kindOf);
  for (const kind of WATCHED_KINDS) listParsed(detector, kind, byKind.get(kind) ?? [], now);
}

/** Hands a list of whole objects to the detector. @returns how many had not the shape of their kind, and were left out */
export function listParsed(detector: Detector, kind: WatchedKind, values: readonly unknown[], now: number): number {
  const parsed = values.flatMap((value) => parseObject(kind, value) ?? []);
  detector.list(kind, parsed, now);
  return values.length - parsed.length;
}

function kindOf(object: KubernetesObject): WatchedKind | undefined {
  const kind: unknown = Reflect.get(object, 'kind');
  const apiVersion: unknown = Reflect.get(object, 'apiVersion');
  const watched = typeof kind === 'string' ? watchedKindOf(kind) : undefined;
  // Kinds of other API groups can have the same name, such as Knative's Service.
  return watched && KINDS[watched].apiVersion.split('/')[0] === String(apiVersion).split('/')[0] ? watched : undefined;
}
