import { isRecord, textAt, valueAt, type KubernetesObject } from '../kubernetes/objects/kubernetes-object.ts';
import type { Occurrence } from './subscription.ts';

/** A Kubernetes event as a `kubernetes/events` notification carries it. */
export function eventNotification(event: KubernetesObject): object {
  const count = Number(textAt(event, 'count') || 1);
  return {
    namespace: event.metadata.namespace ?? '',
    timestamp: textAt(event, count > 1 ? 'lastTimestamp' : 'firstTimestamp'),
    type: textAt(event, 'type'),
    reason: textAt(event, 'reason'),
    message: textAt(event, 'message').trim(),
    involvedObject: referenceIn(event),
    count,
    firstTimestamp: textAt(event, 'firstTimestamp'),
    lastTimestamp: textAt(event, 'lastTimestamp'),
  };
}

/** The involved object without what the server leaves out: its resourceVersion and fieldPath. */
function referenceIn(event: KubernetesObject): object {
  const reference = valueAt(event, 'involvedObject');
  if (!isRecord(reference)) return {};
  const { resourceVersion: _version, fieldPath: _path, ...rest } = reference;
  return rest;
}

/** What the filters see of a fault of this object. */
export function occurrenceOf(object: KubernetesObject): Occurrence {
  const { namespace = '', name, labels = {} } = object.metadata;
  return { namespace, kind: object.kind, name, labels };
}

/** What the filters see of an event. */
export function occurrenceOfEvent(event: KubernetesObject, involved: KubernetesObject | undefined): Occurrence {
  return {
    namespace: event.metadata.namespace ?? '',
    kind: textAt(event, 'involvedObject.kind'),
    name: textAt(event, 'involvedObject.name'),
    labels: involved?.metadata.labels ?? {},
    type: textAt(event, 'type'),
    reason: textAt(event, 'reason'),
  };
}
