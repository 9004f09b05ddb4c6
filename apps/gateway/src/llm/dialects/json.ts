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

/** Returns a text as it is, and anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
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
