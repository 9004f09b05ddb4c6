import { readFileSync } from 'node:fs';
import type { Culprit, Diagnosis } from '@nightcrier/core/diagnosis/diagnosis';
import { z } from 'zod';
import type { Truth } from '../eval-case.ts';

export type Verdict = 'right' | 'partly' | 'wrong' | 'undetermined' | 'not_detected';

/** From the causes of the benchmark to ours, one to one. Test data: nothing of it is in the product. */
const CAUSES = z
  .record(z.string(), z.string())
  .parse(JSON.parse(readFileSync(new URL('opsbench-causes.json', import.meta.url), 'utf8')));

/** One answer a case: the first hypothesis. It is right when cause and culprit are. */
export function judge(diagnosis: Diagnosis | undefined, truth: Truth): Verdict {
  if (diagnosis === undefined) return 'not_detected';
  const [first] = diagnosis.hypotheses;
  if (!diagnosis.determined || first === undefined) return 'undetermined';
  if (truth.right !== undefined) {
    const text = `${first.title}\n${first.statement}`;
    if ((truth.misleading ?? []).some((pattern) => pattern.test(text))) return 'wrong';
    const matched = truth.right.filter((pattern) => pattern.test(text)).length;
    const isCause = truth.cause === '' || truth.cause === first.cause;
    if (isCause && matched === truth.right.length) return 'right';
    return isCause && (matched > 0 || truth.cause !== '') ? 'partly' : 'wrong';
  }
  const isCause = CAUSES[truth.cause] === first.cause || truth.cause === first.cause;
  const isCulprit = matches(first.culprit, truth.culprit);
  if (isCause && isCulprit) return 'right';
  return isCause || isCulprit ? 'partly' : 'wrong';
}

function matches(culprit: Culprit, wanted: Truth['culprit']): boolean {
  if (wanted === undefined) return true;
  if (wanted.kind === 'node') return culprit.kind === 'Node' && culprit.name === wanted.name;
  if (wanted.kind === 'namespace') return culprit.kind === 'Namespace' && culprit.name === wanted.name;
  return culprit.kind !== 'Node' && culprit.kind !== 'Namespace' && culprit.name === wanted.name;
}
