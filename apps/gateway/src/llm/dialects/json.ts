/** A JSON object whose fields are not checked. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the objects of a list; of anything else, none. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Returns whether a value is nested deeper than objects of these APIs are. */
export function isDeeperThan(limit: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((inner) => isDeeperThan(limit - 1, inner));
}

/**
 * Returns the first of these fields that is there and is no list of objects. Some providers read a single object as a list of one, so
 * what is looked for in a list must be in one.
 */
export function notAList(object: JsonObject, ...names: string[]): string | undefined {
  return names.find((name) => {
    const value = object[name];
    return value !== undefined && value !== null && !(Array.isArray(value) && value.every(isObject));
  });
}

/**
 * Checks content, which is a text or a list of parts.
 * @param problemOf why a part is denied
 */
export function contentProblem(
  content: unknown,
  problemOf: (part: JsonObject) => string | undefined,
): string | undefined {
  if (content === undefined || content === null || typeof content === 'string') return undefined;
  if (notAList({ content }, 'content') !== undefined) return 'content must be a text or a list of parts';
  return firstProblem(objectsOf(content), problemOf);
}

/** Returns the first problem that is found. */
export function firstProblem<Item>(
  items: readonly Item[],
  problemOf: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Returns a text as it is, and anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Returns the first field that a list of known ones does not have. */
export function unknownField(object: JsonObject, known: ReadonlySet<string>): string | undefined {
  return Object.keys(object).find((name) => !known.has(name));
}

/** Returns the bound of an answer that a field sets; undefined if it sets none. One that is no number is 0, which is refused. */
export function boundOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : 0;
}

/** No answer has as many tokens; Redis counts what is below. */
const MOST = 1e12;

/** Returns a whole number at the path, of at most {@link MOST}; 0 if there is none. */
export function countAt(value: unknown, ...path: string[]): number {
  let found = value;
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  return typeof found === 'number' && found > 0 ? Math.min(Math.floor(found), MOST) : 0;
}
