import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { isPodReady } from '../evidence/pod-trouble.ts';
import type { PodCase } from './pod-case.ts';
import type { PodRule } from './rule.ts';
import { rejectedByNode } from './rules/admission/rejected-by-node.ts';
import { cannotStart } from './rules/configuration/cannot-start.ts';
import { crash } from './rules/containers/crash.ts';
import { endedFromOutside } from './rules/containers/ended-from-outside.ts';
import { evicted } from './rules/containers/evicted.ts';
import { initHangs } from './rules/containers/init-hangs.ts';
import { oomKilled } from './rules/containers/oom.ts';
import { imagePull } from './rules/images/image-pull.ts';
import { nodeTrouble } from './rules/nodes/node.ts';
import { sandboxFailed } from './rules/nodes/sandbox.ts';
import { probeFails } from './rules/probes/failing-probe.ts';
import { noScheduler } from './rules/scheduling/no-scheduler.ts';
import { unschedulable } from './rules/scheduling/unschedulable.ts';
import { mountFailed } from './rules/storage/mount.ts';

/** The node under a pod that is not ready: what is wrong with it explains the pod. */
const onBadNode: PodRule = ({ view, pod }) => {
  const node = view.get('Node', pod.spec?.nodeName);
  return node && !isPodReady(pod) ? nodeTrouble(view, node) : undefined;
};

/** All rules for a single pod, in the order of its life: the first that applies gives the hypothesis. */
const POD_RULES: readonly PodRule[] = [
  endedFromOutside,
  evicted,
  rejectedByNode,
  unschedulable,
  noScheduler,
  onBadNode,
  oomKilled,
  sandboxFailed,
  mountFailed,
  cannotStart,
  imagePull,
  initHangs,
  probeFails,
  crash,
];

/** The first hypothesis about a pod. */
export function podHypothesis(pod: PodCase): Hypothesis | undefined {
  for (const rule of POD_RULES) {
    const found = rule(pod);
    if (found !== undefined) return found;
  }
  return undefined;
}
