import { CAUSES, isCause } from '@nightcrier/core/diagnosis/cause';
import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { MatcherSyntaxError, parseMatchers } from '@nightcrier/core/matching/parse-matchers';
import type { Labels } from '@nightcrier/core/matching/matcher';
import { problemLabels } from '@nightcrier/core/matching/problem-labels';
import { PROBLEM_STATES, type Problem } from '@nightcrier/core/problems/problem';
import type { FoundProblem, ProblemQuery } from '@nightcrier/state/search/problem-search';
import { z } from 'zod';
import { faultTypesOf, placeOf } from '../shown/problem-text.ts';

const PAGE_SIZE = 50;

const text = (longest: number) =>
  z
    .string()
    .trim()
    .max(longest)
    .transform((value) => value || undefined)
    .optional();
const choice = <const T extends string>(values: readonly [T, ...T[]]) =>
  z.preprocess((value) => (value === '' ? undefined : value), z.enum(values).optional());

/** The query of the list of problems: its filter, and which page of it is shown. */
export const ProblemFilter = z.object({
  state: choice(PROBLEM_STATES),
  severity: choice(SEVERITIES),
  cluster: text(100),
  namespace: text(253),
  cause: text(100).refine((code) => code === undefined || isCause(code), { error: 'is not a code of docs/causes.md' }),
  /** Matchers of labels: `team="payments"`. */
  labels: text(2_000).superRefine((value, context) => {
    try {
      parseMatchers(value ?? '');
    } catch (error) {
      if (!(error instanceof MatcherSyntaxError)) throw error;
      context.addIssue({ code: 'custom', message: `${error.message}, at character ${error.offset + 1}` });
    }
  }),
  q: text(200),
  cursor: text(2_000),
});
export type ProblemFilter = z.infer<typeof ProblemFilter>;

export const CAUSE_CODES = Object.keys(CAUSES);

/** Returns what the filter asks of the search. */
export function queryOf({
  state,
  cluster,
  namespace,
  severity,
  cause,
  labels,
  q,
  cursor,
}: ProblemFilter): ProblemQuery {
  const matchers = parseMatchers(labels ?? '');
  const tests: ((found: FoundProblem) => boolean)[] = [];
  if (severity !== undefined) tests.push(({ problem }) => problem.severity === severity);
  if (cause !== undefined) tests.push(({ latest }) => latest?.cause === cause);
  if (q !== undefined) tests.push((found) => textOf(found).includes(q.toLowerCase()));
  if (matchers.length > 0)
    tests.push(({ problem }) => {
      const known = labelsOf(problem);
      return matchers.every((matcher) => matcher.matches(known));
    });
  return {
    state,
    cluster,
    ...(namespace !== undefined && { isNamed: (_, key) => placeOf(key).namespace === namespace }),
    ...(tests.length > 0 && { matches: (found) => tests.every((test) => test(found)) }),
    limit: PAGE_SIZE,
    cursor,
  };
}

/** Returns the query string of a filter, with changes. */
export function queryString(filter: ProblemFilter, changes: Partial<ProblemFilter> = {}): string {
  const pairs = Object.entries({ ...filter, ...changes }).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}

/** Returns the labels of a problem, which matchers are about. */
export function labelsOf(problem: Problem): Labels {
  const { cluster, severity, component, key, place } = problem;
  const { namespace, name } = placeOf(key);
  return problemLabels({
    cluster,
    severity,
    component,
    namespace,
    workload: component === undefined ? name : undefined,
    fault_type: faultTypesOf(problem)[0],
    environment: place?.environment,
    node: place?.node,
    labels: place?.labels ?? {},
  });
}

function textOf({ problem, latest }: FoundProblem): string {
  const { cluster, key, message, symptoms } = problem;
  const { namespace = '', name } = placeOf(key);
  const faults = symptoms.flatMap(({ fault_type: type, resource }) => [type, resource.name]);
  const all = [cluster, key, `${namespace}/${name}`, message, latest?.title, latest?.cause, ...faults];
  return all
    .filter((one) => one !== undefined)
    .join('\n')
    .toLowerCase();
}
