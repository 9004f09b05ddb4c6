import { podTrouble } from '../../evidence/pod-trouble.ts';
import { findPodCause } from '../pod-rules.ts';
import { podCases } from '../pod-case.ts';
import type { Rule } from '../rule.ts';

/** The rules for pods, applied to the pod at fault or, for another resource, to its pods that are in trouble. */
export const podInTrouble: Rule = {
  name: 'pod-in-trouble',
  applies(evidence, fault) {
    for (const podCase of podCases(evidence, fault)) {
      const isAtFault = fault.resource.kind === 'Pod';
      const finding = isAtFault || podTrouble(podCase.pod) > 0 ? findPodCause(podCase) : undefined;
      if (finding !== undefined) return finding;
    }
    return undefined;
  },
};
