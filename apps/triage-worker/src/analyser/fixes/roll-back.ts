import type { Change, Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Workload } from '../../evidence/view/workload.ts';
import { show } from '../safe-text.ts';

/** A rollout that is older did not cause what has just begun. */
const RECENT_MS = 2 * 3_600_000;
/** Causes that a former revision does not have, since they lie in the template or image of the workload. */
const OF_TEMPLATE =
  /^(image_|config_|secret_|env_missing|arguments_invalid|command_|run_as_non_root|liveness_|readiness_|dependency_missing|file_missing|application_error|crash_unexplained|exits_immediately|segmentation_fault|oom_limit|heap_exhausted|port_in_use|runtime_version|service_address_wrong|insufficient_|node_selector|node_affinity|untolerated_taint|mount_conflict|user_unknown|working_dir|lifecycle_hook|limit_range|pod_security|pod_spec_invalid|service_account_missing|dns_pod_config|container_start_failed)/;

/** Puts the return to the former revision first, where a rollout came shortly before the fault and the cause lies in the template. */
export function withRollBack(
  hypotheses: Hypothesis[],
  changes: Change[],
  workloads: Workload[],
  faultAt: number,
): Hypothesis[] {
  const [first, ...others] = hypotheses;
  const workload = workloads.find(({ name, kind }) => name === first?.culprit.name && kind === first.culprit.kind);
  if (first === undefined || workload === undefined || !OF_TEMPLATE.test(first.cause)) return hypotheses;
  if (!/^(Deployment|StatefulSet|DaemonSet)$/.test(workload.kind)) return hypotheses;
  const rollout = changes.find(
    ({ what, at }) => what.startsWith('A new revision') && faultAt - Date.parse(at ?? '') < RECENT_MS,
  );
  if (rollout === undefined || first.actions.some((action) => action.includes('rollout undo'))) return hypotheses;
  const undo = `Go back to the revision before, if that one worked: ${show`kubectl rollout undo -n ${workload.namespace} ${`${workload.kind.toLowerCase()}/${workload.name}`}`}`;
  return [{ ...first, actions: [undo, ...first.actions].slice(0, 6) }, ...others];
}
