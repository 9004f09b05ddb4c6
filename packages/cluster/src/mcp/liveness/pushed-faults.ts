import type { SymptomFamily } from '@nightcrier/core/problems/symptom-families';
import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { Detector } from '../../detection/detector.ts';
import type { WarningEvent } from '../../detection/objects/kinds.ts';
import { aboutOf } from '../../sight/push-canary.ts';

/** Returns what a pushed fault is recognized by. */
export function aboutFault({ kind, namespace, name }: Pick<ResourceReference, 'kind' | 'namespace' | 'name'>): string {
  return aboutOf('fault', { kind, namespace, name });
}

/**
 * Returns what the detectors of an event-emitting server must push when this Event is new, undefined for all that they do not
 * detect. They report a transition once: a fault that is firing already needs no other one.
 */
export function faultToPush(event: WarningEvent, detector: Detector): string | undefined {
  const family = familyToPush(event);
  if (family === undefined) return undefined;
  const { apiVersion, kind, name, namespace } = event.involvedObject;
  const resource = { apiVersion: apiVersion ?? 'v1', kind, name, ...(namespace && { namespace }) };
  return detector.isFiring(resource, family) ? undefined : aboutFault(resource);
}

/** What their detectors see of what an Event is about. They have none for init containers. */
function familyToPush({ involvedObject, reason, message }: WarningEvent): SymptomFamily | undefined {
  switch (`${involvedObject.kind}/${reason}`) {
    case 'Pod/BackOff': {
      const isOfContainer = involvedObject.fieldPath?.startsWith('spec.containers{') === true;
      return isOfContainer && /restarting failed container/.test(message ?? '') ? 'crash' : undefined;
    }
    case 'Job/BackoffLimitExceeded':
    case 'Job/DeadlineExceeded':
      return 'job';
    default:
      return undefined;
  }
}
