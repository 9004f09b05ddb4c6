import type { Range } from './kept-rules.ts';
import { withLines, withoutKnownTokens } from './redact-text.ts';
import { REDACTED } from './redacted.ts';
import { replaceSecrets } from './replace-secrets.ts';
import { canBeSecret, isSecretName } from './secret-names.ts';
import { linesWithTokens } from './token-lines.ts';

/**
 * Redacts every text in a JSON value, such as a Kubernetes object. In addition to {@link redactText}, it redacts the values
 * of environment variables and flags with secret-looking names, and the data of Secrets. Text that is JSON itself, such as
 * the annotation of `kubectl apply`, is treated the same way.
 */
export async function redactValue<Value>(value: Value): Promise<Value> {
  const searched = new Map<string, Range[]>();
  const replaced = mapTexts(value, (text) => {
    const own = replaceSecrets(text);
    const lines = linesWithTokens(own);
    if (lines.length > 0) searched.set(own, lines);
    return own;
  });
  const redacted = await withoutKnownTokens(
    [...searched].flatMap(([text, lines]) => lines.map(([start, end]) => text.slice(start, end))),
  );
  const all =
    redacted.size === 0 ? replaced : mapTexts(replaced, (text) => withLines(text, searched.get(text) ?? [], redacted));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts are replaced by texts; the structure is the same
  return all as Value;
}

type MapText = (text: string) => string;

/** Maps each text in a value, and redacts texts that are secrets because of their position. */
function mapTexts(value: unknown, map: MapText): unknown {
  if (typeof value === 'string') return mapString(value, map);
  if (Array.isArray(value)) return mapList(value, map);
  if (typeof value === 'object' && value !== null) return mapObject(value, map);
  return value;
}

function mapString(text: string, map: MapText): string {
  const trimmed = text.trim();
  if (/^[{[]/.test(trimmed)) {
    try {
      return JSON.stringify(mapTexts(JSON.parse(trimmed), map));
    } catch {
      // Not JSON.
    }
  }
  return map(text);
}

/** In a list of arguments, the value can follow its flag: `--password hunter2`. */
function mapList(values: unknown[], map: MapText): unknown[] {
  return values.map((value, index) => {
    const before: unknown = values[index - 1];
    const isFlagged = typeof before === 'string' && /^--?[\w-]+$/.test(before) && isSecretName(before);
    return isFlagged && typeof value === 'string' && !value.startsWith('-') ? REDACTED : mapTexts(value, map);
  });
}

function mapObject(object: object, map: MapText): object {
  const { name, key: named, kind }: { name?: unknown; key?: unknown; kind?: unknown } = object;
  const isSecretVariable = [name, named].some((label) => typeof label === 'string' && isSecretName(label));
  const entries = Object.entries(object).map(([key, value]: [string, unknown]): [string, unknown] => {
    if (kind === 'Secret' && (key === 'data' || key === 'stringData')) return [key, REDACTED];
    if (isSecretVariable && key === 'value' && typeof value === 'string' && !isReference(value)) return [key, REDACTED];
    if (isSecretName(key) && isSecretMember(key, value)) return [key, REDACTED];
    if (key === 'auth' && typeof value === 'string' && REGISTRY_AUTH.test(value)) return [key, REDACTED];
    return [key, mapTexts(value, map)];
  });
  const mapped: Record<string, unknown> = Object.fromEntries(entries);
  return mapped;
}

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
