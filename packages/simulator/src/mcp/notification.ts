import { isRecord, textAt, valueAt, type KubernetesObject } from '../kubernetes/objects/kubernetes-object.ts';
import type { Occurrence } from './subscription.ts';

/** Returns a Kubernetes event as the payload of a `kubernetes/events` notification. */
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

/** Returns the involved object without resourceVersion and fieldPath, which the real server omits. */
function referenceIn(event: KubernetesObject): object {
  const reference = valueAt(event, 'involvedObject');
  if (!isRecord(reference)) return {};
  const { resourceVersion: _version, fieldPath: _path, ...rest } = reference;
  return rest;
}

/** Returns what filters match for a fault of this object. */
export function occurrenceOf(object: KubernetesObject): Occurrence {
  const { namespace = '', name, labels = {} } = object.metadata;
  return { namespace, kind: object.kind, name, labels };
}

/** Returns what filters match for an event. */
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
