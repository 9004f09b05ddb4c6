import { z } from 'zod';
import { innerOf, metaOf } from '../config-fields.ts';

/** Something wrong with a configuration, or worth a warning. */
export interface ConfigProblem {
  /** Where in the file: `['clusters', 1, 'mcp', 'endpoint']`. A missing key is named by the path that it should have. */
  path: PropertyKey[];
  message: string;
  /** For an unknown key: the names that it could be. */
  knownKeys?: string[];
  /** Further names, not listed: keys within known keys (`redis.url`), aliases, and names of the original system. */
  otherNames?: string[];
  /** Paths of keys of which one, if it were given, would solve the problem. */
  absent?: PropertyKey[][];
}

/** Names that a mapping takes beside those of its schema. */
interface FurtherNames {
  known?: readonly string[];
  /** See {@link ConfigProblem.otherNames}. */
  other?: readonly string[];
}

/** Parses by the schema. Adds its problems with the path in front and, unless it may be a secret, the bad value in the message. */
export function check<T extends z.ZodObject>(
  schema: T,
  value: unknown,
  path: PropertyKey[],
  problems: ConfigProblem[],
  further: FurtherNames = {},
): z.infer<T> | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const at = [...path, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const { known = [], other = [] } = issue.path.length === 0 ? further : {};
      const knownKeys = [...keysAt(schema, issue.path), ...known];
      const otherNames = [...other, ...keysBelow(schema, issue.path)];
      for (const key of issue.keys) {
        problems.push({ path: [...at, key], message: `unknown key ${JSON.stringify(key)}`, knownKeys, otherNames });
      }
    } else {
      const absent = issue.input === undefined ? { absent: [at] } : {};
      problems.push({ path: at, message: describeIssue(schema, issue, at, value, path), ...absent });
    }
  }
  return undefined;
}

const CREDENTIALS_IN_URL = /\/\/[^/]*@|\w:[^\s/"]+@/;

function describeIssue(
  schema: z.ZodObject,
  issue: z.core.$ZodIssue,
  at: PropertyKey[],
  root: unknown,
  path: PropertyKey[],
): string {
  const key = at
    .filter((part) => typeof part === 'string')
    .join('.')
    .replace(/^clusters\.?/, '');
  const owner = path[0] === 'clusters' ? `cluster ${nameOf(root, path[1])}: ` : '';
  if (issue.input === undefined) return `${owner}${key || 'the entry'} is required`;
  const input = JSON.stringify(issue.input) ?? typeof issue.input;
  const got = isConfidential(schema, issue.path) || CREDENTIALS_IN_URL.test(input) ? '' : `, got ${shortened(input)}`;
  return `${owner}${key}: ${issue.message.replace(/^Invalid input: /, '')}${got}`;
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** The cluster's name, for messages. */
export function nameOf(entry: unknown, index?: PropertyKey): string {
  const name = isRecord(entry) && typeof entry.name === 'string' ? entry.name : undefined;
  return name ?? (index === undefined ? '(unnamed)' : `[${String(index)}]`);
}

/** Whether a value at the path, or around it, may be a secret, so that no message repeats it. */
function isConfidential(schema: z.ZodObject, path: PropertyKey[]): boolean {
  let current: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    const { secret, sensitive } = metaOf(current);
    if (secret === true || sensitive === true) return true;
    current = within(current, part);
    if (!current) return false;
  }
  return holdsSecret(current);
}

/** The schema of a key or item. */
function within(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (inner instanceof z.ZodArray) return inner.element;
  return inner instanceof z.ZodObject ? inner.shape[String(part)] : undefined;
}

/**
 * A mapping that was expected to be a secret, or that holds some, is not repeated either.
 * @param ancestor the items of the list around it, which may contain such lists
 */
function holdsSecret(schema: z.core.$ZodType, ancestor?: z.core.$ZodType): boolean {
  const { secret, sensitive } = metaOf(schema);
  if (secret === true || sensitive === true) return true;
  const inner = unwrap(schema);
  if (inner instanceof z.ZodRecord) return holdsSecret(inner.valueType);
  if (inner instanceof z.ZodArray) return inner.element !== ancestor && holdsSecret(inner.element, inner.element);
  return inner instanceof z.ZodObject && Object.values(inner.shape).some((field) => holdsSecret(field, ancestor));
}

/** The keys that the schema knows at a path within it. */
function keysAt(schema: z.ZodObject, path: PropertyKey[]): string[] {
  return Object.keys(shapeAt(schema, path));
}

/** The keys of the mappings below a path, such as `redis.sentinel.name`. */
function keysBelow(schema: z.ZodObject, path: PropertyKey[]): string[] {
  return Object.entries(shapeAt(schema, path)).flatMap(([key, field]) => {
    const inner = unwrap(field);
    if (!(inner instanceof z.ZodObject)) return [];
    return [...Object.keys(inner.shape), ...keysBelow(inner, [])].map((name) => `${key}.${name}`);
  });
}

function shapeAt(schema: z.ZodObject, path: PropertyKey[]): Record<string, z.core.$ZodType> {
  let current: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    current = within(current, part);
    if (!current) return {};
  }
  const record = unwrap(current);
  return record instanceof z.ZodObject ? record.shape : {};
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = innerOf(schema);
  return inner ? unwrap(inner) : schema;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
