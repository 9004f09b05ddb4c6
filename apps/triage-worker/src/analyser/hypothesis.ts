import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Culprit, EvidenceReference, Hypothesis, RuledOut } from '@nightcrier/core/diagnosis/diagnosis';
import { CAUSES } from '@nightcrier/core/diagnosis/cause';
import type { KubernetesObject } from '../evidence/kubernetes-object.ts';
import type { Workload } from '../evidence/view/workload.ts';

/** What a rule says; what it leaves out is filled in by {@link hypothesis}. */
export interface Draft {
  cause: Cause;
  culprit: Culprit;
  confidence: number;
  title: string;
  statement: string;
  evidence?: EvidenceReference[];
  actions?: string[];
  ruledOut?: RuledOut[];
}

/** A command that changes something: with one, the general remedy says nothing more. */
const CHANGES = /kubectl (edit|patch|label|uncordon|taint|scale|set|rollout undo|create|delete)\b/;

/** A hypothesis; unless one of its actions changes something, the remedy of its cause comes first. */
export function hypothesis({ cause, evidence = [], actions = [], ruledOut = [], ...rest }: Draft): Hypothesis {
  return {
    ...rest,
    cause,
    confidence: Math.max(0, Math.min(97, Math.round(rest.confidence))),
    evidence: evidence.slice(0, 8),
    actions: (actions.some((action) => CHANGES.test(action)) ? actions : [CAUSES[cause].remedy, ...actions]).slice(
      0,
      6,
    ),
    ruled_out: ruledOut,
  };
}

/** A workload as the object at fault. */
export function culpritOf({ kind, namespace, name }: Workload, container?: string, field?: string): Culprit {
  return { kind, namespace, name, ...(container && { container }), ...(field && { field }) };
}

/** Any object as the one at fault. */
export function culpritObject({ kind = '', metadata }: KubernetesObject, field?: string): Culprit {
  const { name = '', namespace } = metadata ?? {};
  return { kind, name, ...(namespace !== undefined && { namespace }), ...(field && { field }) };
}
