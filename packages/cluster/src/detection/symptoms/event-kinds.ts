import type { SymptomKind } from '@nightcrier/core/problems/symptom-table';
import type { WarningEvent } from '../objects/kinds.ts';

/**
 * What an Event says of an object that cannot be read, because listing its kind is not allowed: the symptom that the
 * object's state would show. Undefined for all others.
 */
export function kindOfUnseen({ involvedObject, reason, message }: WarningEvent): SymptomKind | undefined {
  switch (`${involvedObject.kind}/${reason}`) {
    case 'Pod/BackOff':
      return /restarting failed container/.test(message ?? '') ? 'CrashLoopBackOff' : 'ImagePull';
    case 'Pod/Failed':
      return /image|ErrImagePull/i.test(message ?? '') ? 'ImagePull' : 'ContainerConfig';
    case 'Pod/FailedScheduling':
      return 'Unschedulable';
    case 'Pod/Evicted':
      return 'Evicted';
    case 'Job/BackoffLimitExceeded':
      return 'JobFailed';
    case 'Job/DeadlineExceeded':
      return 'JobStopped';
    case 'Node/NodeNotReady':
      return 'NodeUnknown';
    default:
      return involvedObject.kind === 'HorizontalPodAutoscaler' ? 'CannotScale' : undefined;
  }
}
