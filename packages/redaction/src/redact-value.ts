import { isSecretName, REDACTED, replaceSecrets } from './own-rules.ts';
import { withoutKnownTokens } from './redact-text.ts';

/**
 * Redacts every text in a JSON value, such as a Kubernetes object. In addition to {@link redactText}, it redacts the values
 * of environment variables and flags with secret-looking names, and the data of Secrets. Text that is JSON itself, such as
 * the annotation of `kubectl apply`, is treated the same way.
 */
export async function redactValue<Value>(value: Value): Promise<Value> {
  const texts = new Set<string>();
  const replaced = mapTexts(value, (text) => {
    const own = replaceSecrets(text);
    texts.add(own);
    return own;
  });
  const redacted = await withoutKnownTokens(texts);
  const all = redacted.size === 0 ? replaced : mapTexts(replaced, (text) => redacted.get(text) ?? text);
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
  const { name, kind }: { name?: unknown; kind?: unknown } = object;
  const isSecretVariable = typeof name === 'string' && isSecretName(name);
  const entries = Object.entries(object).map(([key, value]: [string, unknown]): [string, unknown] => {
    if (kind === 'Secret' && (key === 'data' || key === 'stringData')) return [key, REDACTED];
    if (isSecretVariable && key === 'value' && typeof value === 'string' && !isReference(value)) return [key, REDACTED];
    return [key, mapTexts(value, map)];
  });
  const mapped: Record<string, unknown> = Object.fromEntries(entries);
  return mapped;
}

/** Returns whether a value is empty or only `$(OTHER_VARIABLE)`. */
function isReference(value: string): boolean {
  return value === '' || /^\$\(\w+\)$/.test(value);
}
