import { randomBytes } from 'node:crypto';
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

/** Writes the objects, events and logs of a scenario to a cluster. Sends no notification. */
export function applyScenario(
  scenario: Scenario,
  target: ScenarioTarget,
  store: ObjectStore,
  logs: PodLogs,
): AppliedScenario {
  const { cluster, now } = target;
  const namespace = target.namespace ?? scenario.defaults.namespace;
  const name = target.name ?? scenario.defaults.name;
  const seed = [cluster, namespace, name, target.instance ?? ''].join('/');
  const filled = Scenario.parse(fillPlaceholders(scenario, { variables: { cluster, namespace, name }, seed, now }));

  const objects = new Map<string, KubernetesObject>();
  const before: (KubernetesObject | undefined)[] = [];
  for (const [key, object] of Object.entries(filled.objects)) {
    const type = typeOf(object);
    const existing = store.get(type, object.metadata.namespace, object.metadata.name);
    before.push(existing);
    const complete = withDefaults({ ...object, metadata: { ...object.metadata, uid: uidOf(key, seed) } });
    // An existing object keeps its identity, and every field that the scenario does not have.
    const merged = existing ? KubernetesObject.parse(mergePatch(existing, object)) : complete;
    objects.set(key, store.put(merged));
  }
  const about = (key: string): KubernetesObject => {
    const object = objects.get(key);
    if (!object) throw new Error(`the scenario refers to "${key}", which is not one of its objects`);
    return object;
  };

  for (const log of filled.logs) logs.set(about(log.about).metadata.uid ?? '', log.container, log);
  const events = filled.events.map((event) => store.put(eventObject(event, about(event.about), now)));
  return {
    objects: [...objects.values()],
    before,
    events,
    fault: filled.fault && faultOf(cluster, filled.fault, about(filled.fault.about), now),
  };
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
