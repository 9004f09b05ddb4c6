import type { ConfigProblem } from '@nightcrier/core/settings/parsing/config-problem';
import { ORIGINAL_KEYS } from '@nightcrier/core/settings/original/original-keys';
import { distance } from 'fastest-levenshtein';
import { MOST_LISTED as MOST_PROBLEMS } from '../config-error.ts';

/** More than these are not listed: the likely one would not be found among them. */
const MOST_LISTED = 25;
/** Names of other mappings that one message suggests. */
const MOST_SUGGESTED = 3;

/**
 * Adds to each unknown key what it is likely to mean, and leaves out what is only missing because of it: for `mcp_endpont`, the message
 * that `mcp` is required. Of problems at one place, unknown keys come first. Beyond as many as are listed, keys are not compared.
 */
export function explainUnknownKeys(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const meant = new Set<string>();
  let unknown = 0;
  const explained = problems.map((problem): ConfigProblem => {
    const { knownKeys, otherNames = [], path, message } = problem;
    if (knownKeys === undefined || unknown >= MOST_PROBLEMS) return problem;
    unknown += 1;
    const names = likelyNames(String(path.at(-1)), knownKeys, otherNames);
    for (const name of names) {
      const parts = name.split('.');
      // A missing `mcp` is meant by `mcp.endpoint` too.
      for (let length = 1; length <= parts.length; length += 1) {
        meant.add(keyOf([...path.slice(0, -1), ...parts.slice(0, length)]));
      }
    }
    return { ...problem, message: `${message}${suggestion(names, knownKeys)}` };
  });
  const kept = explained.filter(({ absent = [] }) => !absent.some((path) => meant.has(keyOf(path))));
  return [...kept.filter(({ knownKeys }) => knownKeys !== undefined), ...kept.filter(({ knownKeys }) => !knownKeys)];
}

/** Returns the nearest of the names, if it is near enough: one, or a few keys of that name in other mappings. */
function likelyNames(key: string, known: readonly string[], other: readonly string[]): string[] {
  const isTopLevel = (name: string): boolean => !name.includes('.');
  const most = Math.max(2, key.length / 3);
  let nearest: { name: string; distance: number } | undefined;
  for (const name of [...known, ...other.filter(isTopLevel), ...other]) {
    // A setting of a mapping may be written as one word: redis_url.
    const far = distance(key, name.replaceAll('.', '_'));
    if (far <= (isTopLevel(name) ? most : 1) && (nearest === undefined || far < nearest.distance)) {
      nearest = { name, distance: far };
    }
  }
  const elsewhere = other.filter((name) => name.endsWith(`.${key}`));
  if (nearest !== undefined && (nearest.distance <= 1 || elsewhere.length === 0)) return [nearest.name];
  return elsewhere.length <= MOST_SUGGESTED ? elsewhere : [];
}

function suggestion(names: readonly string[], known: readonly string[]): string {
  if (names.length > 0) {
    const [first = ''] = names;
    const original = ORIGINAL_KEYS.find(({ key }) => key === first)?.to;
    const called = original === undefined ? '' : `, which is called ${original} in Nightcrier`;
    return `; did you mean ${names.map((name) => JSON.stringify(name)).join(' or ')}${called}?`;
  }
  if (known.length === 0 || known.length > MOST_LISTED) return '';
  return `; known keys: ${known.toSorted().join(', ')}`;
}

function keyOf(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}
