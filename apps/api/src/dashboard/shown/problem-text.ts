import type { Problem } from '@nightcrier/core/problems/problem';
import { workloadOfKey } from '@nightcrier/core/problems/problem-key';
import type { LatestInvestigation } from '@nightcrier/state/search/problem-search';

/** Returns the path of a problem's page. */
export function problemPath({ cluster, key }: Pick<Problem, 'cluster' | 'key'>): `/${string}` {
  return `/problems/${encodeURIComponent(cluster)}/${encodeURIComponent(key)}`;
}

/** Returns namespace and workload of a problem; keys of other versions are shown as they are. */
export function placeOf(key: string): { namespace?: string | undefined; name: string } {
  try {
    return workloadOfKey(key);
  } catch {
    return { name: key };
  }
}

/** Returns what a problem is about, such as `shop/cart`. */
export function subjectOf({ key, component }: Pick<Problem, 'key' | 'component'>): string {
  if (component !== undefined) return `Nightcrier: ${component}`;
  const { namespace, name } = placeOf(key);
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Returns the types of faults: those of the symptoms that are firing, or of all where none is. */
export function faultTypesOf({ symptoms }: Pick<Problem, 'symptoms'>): string[] {
  const firing = symptoms.filter(({ state }) => state === 'firing');
  return [...new Set((firing.length > 0 ? firing : symptoms).map(({ fault_type: type }) => type))];
}

/** Returns the cause where a report names one, or else what the cluster shows. */
export function headlineOf(problem: Problem, latest: Pick<LatestInvestigation, 'title'> | undefined): string {
  return plainText(latest?.title ?? problem.message ?? (faultTypesOf(problem).join(', ') || subjectOf(problem)));
}

/** Returns the text of a line of Markdown. */
export function plainText(markdown: string): string {
  return markdown
    .replaceAll(/`+([^`]*)`+/g, '$1')
    .replaceAll(/\*\*([^*]*)\*\*/g, '$1')
    .replaceAll(/\\([!-/:-@[-`{-~])/g, '$1');
}
