import type { LIST_PROBLEMS } from '@nightcrier/core/api/problem-routes';
import type { QueryOf } from '@nightcrier/core/api/route';
import type { Problem } from '@nightcrier/core/problems/problem';
import type { ProblemPage } from '@nightcrier/state/problems/problem-page';
import type { Problems } from '@nightcrier/state/problems/problems';

/** Problems that are read for one page: what a filter leaves out is read, too. */
const MOST_READ = 2_000;

/**
 * Returns a page of problems. State and cluster select by indexes; the other filters apply to what is read then, so that a page can
 * have fewer entries than its limit, or none, although there is a next one.
 * @throws RangeError for a cursor that no page of this list has returned
 */
export async function listProblems(problems: Problems, query: QueryOf<typeof LIST_PROBLEMS>): Promise<ProblemPage> {
  const { state, cluster, limit } = query;
  let { cursor } = query;
  for (let read = 0; ;) {
    const page = await problems.page({ state, cluster, limit, cursor });
    const found = page.problems.filter((problem) => isWanted(problem, query));
    read += limit;
    if (found.length > 0 || page.next === undefined || read >= MOST_READ) return { ...page, problems: found };
    cursor = page.next;
  }
}

function isWanted(
  { severity, key, message = '', symptoms }: Problem,
  { severity: wanted, namespace, search }: Pick<QueryOf<typeof LIST_PROBLEMS>, 'severity' | 'namespace' | 'search'>,
): boolean {
  if (wanted !== undefined && severity !== wanted) return false;
  if (namespace !== undefined && !key.startsWith(`${namespace}/`)) return false;
  if (search === undefined) return true;
  const text = search.toLowerCase();
  return [key, message, ...symptoms.map(({ fault_type }) => fault_type)].some((one) =>
    one.toLowerCase().includes(text),
  );
}
