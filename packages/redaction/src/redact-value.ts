import { atOnce, inSlices } from '@nightcrier/core/async/time-slices';
import type { Range } from './search/kept-rules.ts';
import { withLines, withoutKnownTokens } from './redact-text.ts';
import { REDACTED } from './redacted.ts';
import { isClean, type Replaced, replaceSecrets } from './replace-secrets.ts';
import { canBeSecret, isSecretName } from './secret-names.ts';
import { linesWithTokens } from './search/token-lines.ts';

/**
 * Redacts every text in a JSON value, such as a Kubernetes object. In addition to {@link redactText}, it redacts the values
 * of environment variables and flags with secret-looking names, and the data of Secrets. Text that is JSON itself, such as
 * the annotation of `kubectl apply`, is treated the same way.
 */
export async function redactValue<Value>(value: Value): Promise<Value> {
  const searched = new Map<string, Range[]>();
  /** Short texts and what they are without secrets: objects repeat most of theirs. */
  const known = new Map<string, string>();
  const replaced = await inSlices(
    mapTexts(value, (text) => {
      if (text.length < SHORTEST || (text.length < LONGEST_KNOWN && isClean(text))) return text;
      const before = known.get(text);
      if (before !== undefined) return before;
      const note = ({ text: own, found }: Replaced): string => {
        const lines = linesWithTokens(own, found?.runs);
        if (lines.length > 0) searched.set(own, lines);
        return own;
      };
      if (text.length >= SHORT) return noted(replaceSecrets(text), note);
      const own = note(atOnce(replaceSecrets(text)));
      if (text.length < LONGEST_KNOWN && known.size < MOST_KNOWN) known.set(text, own);
      return own;
    }),
  );
  const redacted = await withoutKnownTokens(
    [...searched].flatMap(([text, lines]) => lines.map(([start, end]) => text.slice(start, end))),
  );
  if (redacted.size === 0) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts are replaced by texts; the structure is the same
    return replaced as Value;
  }
  const all = await inSlices(mapTexts(replaced, (text) => withLines(text, searched.get(text) ?? [], redacted)));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts are replaced by texts; the structure is the same
  return all as Value;
}

function* noted(steps: Generator<void, Replaced>, note: (replaced: Replaced) => string): Generator<void, string> {
  return note(yield* steps);
}

/** Characters. A shorter text has no secret. */
const SHORTEST = 6;
/** Characters. A shorter text takes less than a millisecond. */
const SHORT = 16_000;
/** Characters of a text that is remembered, and the number of such texts. */
const LONGEST_KNOWN = 500;
const MOST_KNOWN = 2_000;
/** Values that are walked in a step. */
const VALUES_OF_STEP = 200;

/** Returns a string for a text that is shorter than {@link SHORT}. */
type MapText = (text: string) => Generator<void, string> | string;

type Parts = Record<PropertyKey, unknown>;

/** A value that remains to be mapped, or JSON to write when its parts are mapped. */
interface Task {
  /** Where the result belongs. */
  target: Parts;
  key: PropertyKey;
  value: unknown;
  isParsedJson?: boolean;
  /** Whether parsing and writing the JSON are steps of their own. */
  isLong?: boolean;
}

/** Maps each text in a value, and redacts texts that are secrets because of their position. Yields between steps. */
function* mapTexts(root: unknown, map: MapText): Generator<void, unknown> {
  const result: { root?: unknown } = {};
  const tasks: Task[] = [{ target: result, key: 'root', value: root }];
  let walked = 0;
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    const { target, key, value } = task;
    if (task.isParsedJson) {
      if (task.isLong) yield;
      target[key] = JSON.stringify(target[key]);
    } else if (typeof value === 'string') {
      const json = jsonIn(value);
      if (json === undefined) {
        const mapped = map(value);
        target[key] = typeof mapped === 'string' ? mapped : yield* mapped;
      } else {
        const isLong = value.length >= SHORT;
        tasks.push({ target, key, value, isParsedJson: true, isLong }, { target, key, value: json });
        if (isLong) yield;
      }
    } else if (isParts(value)) {
      const copy = Array.isArray(value) ? yield* mapList(value, key) : yield* mapObject(value, key);
      target[key] = copy;
      for (const part of partsOf(copy)) {
        const given = copy[part];
        if (typeof given === 'object' && given !== null) tasks.push({ target: copy, key: part, value: given });
        else if (typeof given === 'string' && given !== REDACTED) {
          if (given.length >= SHORT || canBeJson(given)) tasks.push({ target: copy, key: part, value: given });
          else copy[part] = map(given);
        }
        walked += 1;
        if (walked % VALUES_OF_STEP === 0) yield;
      }
    } else target[key] = value;
    walked += 1;
    if (walked % VALUES_OF_STEP === 0) yield;
  }
  return result.root;
}

function isParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null;
}

function canBeJson(text: string): boolean {
  const first = text.charCodeAt(0);
  return first === 0x7b || first === 0x5b || first <= 0x20;
}

/** Returns the value of a text that is JSON: an object or a list. */
function jsonIn(text: string): object | undefined {
  if (!canBeJson(text) || !/^\s*[{[]/.test(text) || !/[}\]]$/.test(text.trimEnd().slice(-1)) || isDeep(text))
    return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Objects and lists within each other. What is deeper is searched as text: it could not be written again. */
const DEEPEST_JSON = 500;

/** Returns whether a text may be JSON that is nested too deeply. Brackets in strings count as well. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at) | 0x20;
    if (code === 0x7b) depth += 1;
    else if (code === 0x7d) depth -= 1;
    if (depth > DEEPEST_JSON) return true;
  }
  return false;
}

/** Of a list, the names of its million elements would take longer than the elements. */
function partsOf(copy: Parts): Iterable<string | number> {
  return Array.isArray(copy) ? copy.keys() : Object.keys(copy);
}

/** Elements of a list that are walked in a step. */
const ELEMENTS_OF_STEP = 20_000;

/**
 * In a list of arguments, the value can follow its flag: `--password hunter2`. What programs call their options, a rule of text knows:
 * `curl -u name:hunter2`. In a list with the name of secrets, each element is one.
 * @param under the name of the list
 */
function* mapList(values: unknown[], under: PropertyKey): Generator<void, Parts> {
  const mapped: unknown[] = [];
  const secrets = typeof under === 'string' && isSecretName(under) ? under : undefined;
  const all = isCommand(values) ? withoutArguments(values) : values;
  for (const [index, value] of all.entries()) {
    const before: unknown = all[index - 1];
    const isFlagged =
      typeof value === 'string' &&
      typeof before === 'string' &&
      before.startsWith('-') &&
      /^--?[\w-]+$/.test(before) &&
      isSecretName(before);
    const isSecret = secrets !== undefined && typeof value === 'string' && canBeSecret(secrets, value, true);
    mapped.push(isSecret || (isFlagged && !value.startsWith('-')) ? REDACTED : value);
    if (index % ELEMENTS_OF_STEP === ELEMENTS_OF_STEP - 1) yield;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- elements are replaced by their index
  return mapped as unknown as Parts;
}

/** Arguments of a command, and characters of all of them. */
const MOST_ARGUMENTS = 100;
const LONGEST_COMMAND = 8_000;

function isCommand(values: unknown[]): values is string[] {
  if (values.length < 2 || values.length > MOST_ARGUMENTS || !values.every((value) => typeof value === 'string'))
    return false;
  return values.some((value) => value.startsWith('-')) && values.join('').length <= LONGEST_COMMAND;
}

/** Applies the rules to a command as a whole, in JSON, which they read. */
function withoutArguments(values: string[]): unknown[] {
  const before = JSON.stringify(values);
  const { text } = atOnce(replaceSecrets(before));
  if (text === before) return values;
  try {
    const redacted: unknown = JSON.parse(text);
    return Array.isArray(redacted) && redacted.length === values.length ? redacted : values;
  } catch {
    return values;
  }
}

/** @param under the name of the object: `{"db_password": {"value": "x"}}` is the state of Terraform */
function* mapObject(object: Parts, under: PropertyKey): Generator<void, Parts> {
  const { name, key: named, kind } = object;
  const isSecretVariable = [name, named, under].some((label) => typeof label === 'string' && isSecretName(label));
  const isSecret = (key: string, value: unknown): boolean =>
    (kind === 'Secret' && (key === 'data' || key === 'stringData')) ||
    (isSecretVariable && key === 'value' && typeof value === 'string' && !isReference(value)) ||
    (isSecretVariable && VALUES.has(key) && isSecretMember('secret', value)) ||
    (isSecretName(key) && isSecretMember(key, value)) ||
    (key === 'auth' && typeof value === 'string' && REGISTRY_AUTH.test(value));
  const copy: Parts = {};
  let walked = 0;
  for (const member of Object.keys(object)) {
    const value = object[member];
    const kept = isSecret(member, value) ? REDACTED : value;
    if (member === '__proto__')
      Object.defineProperty(copy, member, { value: kept, enumerable: true, writable: true, configurable: true });
    else copy[member] = kept;
    walked += 1;
    if (walked % VALUES_OF_STEP === 0) yield;
  }
  return copy;
}

/** What else has the value of a secret, below its name: of schemas, and of configurations that may also name a file. */
const VALUES = new Set([
  'default',
  'example',
  'inline_string',
  'inlineString',
  'plaintext',
  'plainText',
  'literal',
  'stringValue',
]);

/** The base64 of user and password in a Docker configuration. */
const REGISTRY_AUTH = /^[\w+/=-]{12,4000}$/;

/** Returns whether the value of a secret's name is one. Objects under such a name are searched: `secret: {secretName: x}`. */
function isSecretMember(name: string, value: unknown): boolean {
  if (typeof value === 'number') return canBeSecret(name, String(value), true);
  return typeof value === 'string' && canBeSecret(name, value, true);
}

/** Returns whether a value is empty or only `$(OTHER_VARIABLE)`. */
function isReference(value: string): boolean {
  return value === '' || /^\$\(\w+\)$/.test(value);
}
