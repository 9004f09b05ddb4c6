import { isObject, type JsonObject, objectsOf, textOf } from './json.ts';

/** Why a request is denied; undefined: it is not. */
export type Problem = string | undefined;

/**
 * Checks that an object has known fields only.
 * @param owner of the fields, such as `a message`; missing: the request
 */
export function fieldProblem(object: JsonObject, known: ReadonlySet<string>, owner?: string): Problem {
  const field = unknownField(object, known);
  if (field === undefined) return undefined;
  return owner === undefined ? `the field ${field} is not allowed` : `the field ${field} of ${owner} is not allowed`;
}

/** Returns the first field that a list of known ones does not have. */
export function unknownField(object: JsonObject, known: ReadonlySet<string>): string | undefined {
  return Object.keys(object).find((name) => !known.has(name));
}

/**
 * Checks that these fields are lists of objects, where they are there. Some providers read a single object as a list of one, so what is
 * looked for in a list must be in one.
 */
export function listProblem(object: JsonObject, ...names: string[]): Problem {
  const name = names.find((field) => !isMissing(object[field]) && !isListOfObjects(object[field]));
  return name === undefined ? undefined : `${name} must be a list`;
}

/** Checks the type of a part against the known ones. @param what has the type, such as `content` */
export function typeProblem(what: string, type: unknown, known: ReadonlySet<string>): Problem {
  const name = textOf(type);
  return known.has(name) ? undefined : `${what} of the type ${name} is not allowed`;
}

/**
 * Checks content, which is a text or a list of parts.
 * @param problemOf why a part is denied
 */
export function contentProblem(content: unknown, problemOf: (part: JsonObject) => Problem): Problem {
  if (isMissing(content) || typeof content === 'string') return undefined;
  if (!isListOfObjects(content)) return 'content must be a text or a list of parts';
  return firstProblem(objectsOf(content), problemOf);
}

/** Returns the first problem that is found. */
export function firstProblem<Item>(items: readonly Item[], problemOf: (item: Item) => Problem): Problem {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject);
}
