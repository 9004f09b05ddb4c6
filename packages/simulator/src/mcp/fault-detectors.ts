import { faultFingerprint, type FaultEvent } from '@nightcrier/core/faults/fault';
import type { Severity } from '@nightcrier/core/faults/severity';
import { isRecord, listAt, textAt, type KubernetesObject } from '../kubernetes/objects/kubernetes-object.ts';

interface Finding {
  faultType: 'PodCrash' | 'CrashLoop' | 'NodeUnhealthy' | 'DeploymentFailure' | 'JobFailure';
  severity: Severity;
  /** Part of the fault id, although the server does not send it. */
  container?: string;
  context: string;
}

/**
 * Returns the faults that the detectors of an event-emitting server see in one update of an object. They are edge-triggered:
 * only the transition counts, and an object that is added in a bad state is none. There are no detectors for image pulls,
 * missing ConfigMaps, unschedulable pods, a single OOM kill, probes, evictions, init containers, volumes or quotas.
 *
 * @param cluster what the server calls the cluster: part of the fault ids
 */
export function detectedFaults(
  cluster: string,
  before: KubernetesObject | undefined,
  after: KubernetesObject,
  now: Date,
): FaultEvent[] {
  if (!before) return [];
  const { name, namespace, uid = '' } = after.metadata;
  const resource = { apiVersion: after.apiVersion, kind: after.kind, name, ...(namespace && { namespace }), uid };
  return findingsOf(before, after).map(({ faultType, severity, container, context }) => ({
    faultId: faultFingerprint(cluster, faultType, resource, container),
    faultType,
    severity,
    resource,
    context,
    timestamp: `${now.toISOString().slice(0, 19)}Z`,
  }));
}

function findingsOf(before: KubernetesObject, after: KubernetesObject): Finding[] {
  switch (`${after.apiVersion}/${after.kind}`) {
    case 'v1/Pod':
      return listAt(after, 'status.containerStatuses').flatMap((status) => podFindings(before, status));
    case 'v1/Node':
      return nodeFindings(before, after);
    case 'apps/v1/Deployment':
      return deploymentFindings(before, after);
    case 'batch/v1/Job':
      return jobFindings(before, after);
    default:
      return [];
  }
}

function podFindings(pod: KubernetesObject, status: unknown): Finding[] {
  const container = textAt(status, 'name');
  const earlier = listAt(pod, 'status.containerStatuses').find((one) => textAt(one, 'name') === container);
  if (earlier === undefined) return [];
  const waits = (one: unknown): boolean => textAt(one, 'state.waiting.reason') === 'CrashLoopBackOff';
  if (waits(status) && !waits(earlier)) {
    const last = `last exit code: ${textAt(status, 'lastState.terminated.exitCode')}, last reason: ${textAt(status, 'lastState.terminated.reason')}`;
    const context = `Container entered CrashLoopBackOff state, restart count: ${textAt(status, 'restartCount')}, ${last}`;
    return [{ faultType: 'CrashLoop', severity: 'critical', container, context }];
  }
  // The kubelet writes the end of a container and its next restart in two updates: this one fires practically never.
  const isRestarted = Number(textAt(status, 'restartCount')) > Number(textAt(earlier, 'restartCount'));
  const exitCode = textAt(status, 'state.terminated.exitCode');
  if (!isRestarted || exitCode === '' || exitCode === '0') return [];
  const context = `Container crashed with exit code ${exitCode}, reason: ${textAt(status, 'state.terminated.reason')}`;
  return [{ faultType: 'PodCrash', severity: 'warning', container, context }];
}

function nodeFindings(before: KubernetesObject, after: KubernetesObject): Finding[] {
  const ready = conditionOf(after, 'Ready');
  const status = textAt(ready, 'status');
  const wasReady = textAt(conditionOf(before, 'Ready'), 'status') === 'True';
  if (!wasReady || ready === undefined || status === 'True') return [];
  const context = `Node became unhealthy: Ready=${status}, ${reasonAndMessage(ready)}`;
  return [{ faultType: 'NodeUnhealthy', severity: status === 'False' ? 'critical' : 'warning', context }];
}

function deploymentFindings(before: KubernetesObject, after: KubernetesObject): Finding[] {
  const failed = (object: KubernetesObject): boolean => {
    const progressing = conditionOf(object, 'Progressing');
    return textAt(progressing, 'status') === 'False' && textAt(progressing, 'reason') === 'ProgressDeadlineExceeded';
  };
  if (!failed(after) || failed(before)) return [];
  const message = textAt(conditionOf(after, 'Progressing'), 'message');
  const context = `Deployment rollout failed: ProgressDeadlineExceeded, message: ${message}`;
  return [{ faultType: 'DeploymentFailure', severity: 'critical', context }];
}

function jobFindings(before: KubernetesObject, after: KubernetesObject): Finding[] {
  const failed = conditionOf(after, 'Failed');
  const wasFailed = textAt(conditionOf(before, 'Failed'), 'status') === 'True';
  if (failed === undefined || textAt(failed, 'status') !== 'True' || wasFailed) return [];
  const severity = textAt(failed, 'reason') === 'BackoffLimitExceeded' ? 'critical' : 'warning';
  return [{ faultType: 'JobFailure', severity, context: `Job failed, ${reasonAndMessage(failed)}` }];
}

function conditionOf(object: KubernetesObject, type: string): unknown {
  return listAt(object, 'status.conditions').find((one) => isRecord(one) && one['type'] === type);
}

function reasonAndMessage(condition: unknown): string {
  return `reason: ${textAt(condition, 'reason')}, message: ${textAt(condition, 'message')}`;
}
