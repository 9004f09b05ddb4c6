import type { Finding } from './diagnosis.ts';
import type { PodCase } from './pod-case.ts';
import type { PodRule } from './rule.ts';
import { crashLoop } from './rules/crash-loop.ts';
import { evicted } from './rules/evicted.ts';
import { failingProbe } from './rules/failing-probe.ts';
import { imagePull } from './rules/image-pull.ts';
import { missingConfig } from './rules/missing-config.ts';
import { oomKilled } from './rules/oom-killed.ts';
import { unschedulable } from './rules/unschedulable.ts';

/** All rules for a single pod, most specific first: the first that applies gives the finding. */
export const POD_RULES: readonly PodRule[] = [
  evicted,
  unschedulable,
  oomKilled,
  missingConfig,
  imagePull,
  failingProbe,
  crashLoop,
];

/** The first finding about a pod. */
export function findPodCause(pod: PodCase): Finding | undefined {
  for (const rule of POD_RULES) {
    const finding = rule.applies(pod);
    if (finding !== undefined) return finding;
  }
  return undefined;
}
