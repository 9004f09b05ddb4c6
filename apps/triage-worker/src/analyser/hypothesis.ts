import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Culprit, EvidenceReference, Hypothesis, RuledOut } from '@nightcrier/core/diagnosis/diagnosis';
import { CAUSES } from '@nightcrier/core/diagnosis/cause';
import type { KubernetesObject } from '../evidence/kubernetes-object.ts';
import { shellWord } from '../evidence/kubectl-command.ts';
import type { Workload } from '../evidence/view/workload.ts';
import { code } from './safe-text.ts';

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
  /** In place of the general remedy of the cause. */
  remedy?: string | undefined;
}

/** A step with a command to copy. */
const COMMAND = /`(kubectl|systemctl|journalctl|df|crictl) /;

/** Commands that end or move something: never the first step. */
const UNSAFE = /`kubectl (delete|drain|taint|replace|apply)\b/;

/** A command that changes something: with one, the general remedy says nothing more. */
const CHANGES = /kubectl (edit|patch|label|uncordon|taint|scale|set|rollout undo|create|delete)\b/;

/**
 * A hypothesis. The first step has a command to copy that is safe; where no rule gives one, it shows the object at fault. Unless one of
 * the steps changes something, the remedy of the cause is among them.
 */
export function hypothesis({ cause, evidence = [], actions = [], ruledOut = [], remedy, ...rest }: Draft): Hypothesis {
  const general = actions.some((action) => CHANGES.test(action)) ? [] : [remedy ?? CAUSES[cause].remedy];
  const steps = [...general, ...actions];
  const first = steps.find((step) => COMMAND.test(step) && !UNSAFE.test(step)) ?? describeCulprit(rest.culprit);
  return {
    ...rest,
    cause,
    confidence: Math.max(0, Math.min(97, Math.round(rest.confidence))),
    evidence: evidence.slice(0, 8),
    actions: [first, ...steps.filter((step) => step !== first)].slice(0, 6),
    ruled_out: ruledOut,
  };
}

function describeCulprit({ kind, namespace, name }: Culprit): string {
  const scope = namespace === undefined ? '' : ` -n ${shellWord(namespace)}`;
  return `See the object at fault: ${code(`kubectl describe ${shellWord(kind.toLowerCase())}${scope} ${shellWord(name)}`, 500)}`;
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
