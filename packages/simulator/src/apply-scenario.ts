import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultFingerprint, type FaultEvent, type ResourceReference } from '@nightcrier/core/faults/fault';
import { KubernetesObject } from './kubernetes/objects/kubernetes-object.ts';
import { mergePatch } from './merge-patch.ts';
import type { ObjectStore } from './kubernetes/objects/object-store.ts';
import type { PodLogs } from './kubernetes/api/pod-log.ts';
import { typeOf } from './kubernetes/objects/resource-types.ts';
import { withDefaults } from './object-defaults.ts';
import { fillPlaceholders, timeAgo, uidOf } from './placeholders.ts';
import { Scenario, type ScenarioEvent } from './scenario.ts';

/** Where a scenario is applied. */
export interface ScenarioTarget {
  cluster: string;
  /** Namespace and name default to those of the scenario. */
  namespace?: string | undefined;
  name?: string | undefined;
  /** Another value gives other pods and uids, as a new rollout of the same workload would. */
  instance?: string | undefined;
  now: Date;
}

/** The result of applying a scenario. */
export interface AppliedScenario {
  /** The objects that it created or changed. */
  objects: KubernetesObject[];
  /** The same objects before that; undefined for objects that did not exist. */
  before: (KubernetesObject | undefined)[];
  /** Its Kubernetes events, oldest first. */
  events: KubernetesObject[];
  /** The fault that a detector reports. */
  fault: FaultEvent | undefined;
}

export interface PlayScenarioOptions {
  target: Omit<ScenarioTarget, 'now'>;
  store: ObjectStore;
  logs: PodLogs;
  /** How much faster than in a real cluster it goes; undefined: all steps follow each other at once. */
  speed?: number | undefined;
  /** Ends it before its next step. */
  signal?: AbortSignal | undefined;
  /** Plays one step. */
  step: (change: () => void) => void;
}

/** Plays what happens in a scenario, in the order and with the times of a real cluster. Sends no notification. */
export async function playScenario(scenario: Scenario, options: PlayScenarioOptions): Promise<AppliedScenario> {
  const { target, store, logs, speed, signal, step } = options;
  const started = Date.now();
  const first = Math.max(0, ...timesIn(scenario));
  const wait = (before: number, next: number): number => (speed === undefined ? 0 : (before - next) / speed);
  // Times are counted back from the end.
  const now = new Date(started + wait(first, 0));
  const { timeline, applied } = planScenario(scenario, { ...target, now }, store, logs);
  let at = first;
  for (const { ago, change } of timeline) {
    const ms = wait(at, ago);
    if (ms > 0) await sleep(ms, undefined, signal && { signal });
    at = Math.min(at, ago);
    step(change);
  }
  return applied();
}

/** Leaves a cluster as a scenario does, without what came before. Sends no notification. */
export function applyScenario(
  scenario: Scenario,
  target: ScenarioTarget,
  store: ObjectStore,
  logs: PodLogs,
): AppliedScenario {
  const { timeline, applied } = planScenario({ ...scenario, history: [] }, target, store, logs);
  for (const { change } of timeline) change();
  return applied();
}

/** One change of a cluster. */
interface TimelineStep {
  /** How long before the end, ms. */
  ago: number;
  change: () => void;
}

/** All changes of a scenario, oldest first; `applied` is their result. */
function planScenario(
  scenario: Scenario,
  target: ScenarioTarget,
  store: ObjectStore,
  logs: PodLogs,
): { timeline: TimelineStep[]; applied: () => AppliedScenario } {
  const { cluster, now } = target;
  const namespace = target.namespace ?? scenario.defaults.namespace;
  const name = target.name ?? scenario.defaults.name;
  const seed = [cluster, namespace, name, target.instance ?? ''].join('/');
  const filled = Scenario.parse(fillPlaceholders(scenario, { variables: { cluster, namespace, name }, seed, now }));
  const { history } = filled;

  const before = new Map<string, KubernetesObject | undefined>();
  const last = new Map<string, KubernetesObject>();
  for (const [key, object] of Object.entries(filled.objects)) {
    const existing = store.get(typeOf(object), object.metadata.namespace, object.metadata.name);
    before.set(key, existing);
    // An existing object keeps its identity, and every field that the scenario does not have.
    const merged = existing
      ? KubernetesObject.parse(mergePatch(existing, object))
      : withDefaults({ ...object, metadata: { ...object.metadata, uid: uidOf(key, seed) } });
    last.set(key, merged);
  }
  const about = (key: string): KubernetesObject => {
    const object = last.get(key);
    if (!object) throw new Error(`the scenario refers to "${key}", which is not one of its objects`);
    return object;
  };
  const put = (key: string, patch: object = {}): void => {
    store.put(KubernetesObject.parse(mergePatch(about(key), patch)));
  };

  for (const log of filled.logs) logs.set(about(log.about).metadata.uid ?? '', log.container, log);
  const changing = new Set(history.flatMap(({ objects }) => Object.keys(objects)));
  const first = Math.max(0, ...timesIn(scenario));
  const timeline: TimelineStep[] = [...last.keys()]
    .filter((key) => !changing.has(key))
    .map((key) => ({ ago: first, change: () => put(key) }));
  for (const { ago, objects } of history) {
    for (const [key, patch] of Object.entries(objects)) {
      if (patch !== null) timeline.push({ ago: msOf(ago), change: () => put(key, patch) });
    }
  }
  for (const key of changing) timeline.push({ ago: msOf(filled.since), change: () => put(key) });

  const events = filled.events.map((event) => ({ event, whole: eventObject(event, about(event.about), now) }));
  for (const { event, whole } of events) {
    const isRepeated = event.count > 1 && event.last !== undefined && history.length > 0;
    const { firstTimestamp } = whole;
    const once = { ...whole, count: 1, lastTimestamp: firstTimestamp };
    if (isRepeated) timeline.push({ ago: msOf(event.first), change: () => void store.put(once) });
    const ago = msOf(event.last ?? event.first);
    timeline.push({ ago, change: () => void store.put(whole) });
  }
  const stored = (object: KubernetesObject): KubernetesObject =>
    store.get(typeOf(object), object.metadata.namespace, object.metadata.name) ?? object;
  return {
    timeline: timeline.toSorted((one, other) => other.ago - one.ago),
    applied: () => ({
      objects: [...last.values()].map(stored),
      before: [...before.values()],
      events: events.map(({ whole }) => stored(whole)),
      fault: filled.fault && faultOf(cluster, filled.fault, about(filled.fault.about), now),
    }),
  };
}

function timesIn({ history, since, events }: Scenario): number[] {
  const times = [
    ...history.map(({ ago }) => ago),
    since,
    ...events.flatMap(({ first, last = first }) => [first, last]),
  ];
  return times.map(msOf);
}

function msOf(duration: string): number {
  return -timeAgo(duration, new Date(0)).getTime();
}

function referenceTo(object: KubernetesObject): ResourceReference & { uid: string } {
  const { name, namespace, uid } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: uid ?? '',
  };
}

function faultOf(
  cluster: string,
  fault: NonNullable<Scenario['fault']>,
  object: KubernetesObject,
  now: Date,
): FaultEvent {
  const resource = referenceTo(object);
  return {
    faultId: faultFingerprint(cluster, fault.faultType, resource, fault.container),
    faultType: fault.faultType,
    severity: fault.severity,
    resource,
    ...(fault.context === undefined ? {} : { context: fault.context }),
    timestamp: `${now.toISOString().slice(0, 19)}Z`,
  };
}

function eventObject(event: ScenarioEvent, object: KubernetesObject, now: Date): KubernetesObject {
  const namespace = object.metadata.namespace ?? 'default';
  const first = `${timeAgo(event.first, now).toISOString().slice(0, 19)}Z`;
  const last = `${timeAgo(event.last ?? event.first, now)
    .toISOString()
    .slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${object.metadata.name}.${randomBytes(8).toString('hex')}`,
      namespace,
      creationTimestamp: first,
    },
    involvedObject: {
      ...referenceTo(object),
      resourceVersion: object.metadata.resourceVersion,
      ...(event.container === undefined ? {} : { fieldPath: `spec.containers{${event.container}}` }),
    },
    reason: event.reason,
    message: event.message,
    source: { component: event.from, ...(event.host === undefined ? {} : { host: event.host }) },
    firstTimestamp: first,
    lastTimestamp: last,
    count: event.count,
    type: event.type,
    eventTime: null,
    reportingComponent: event.from,
    reportingInstance: event.host ?? '',
  };
}
