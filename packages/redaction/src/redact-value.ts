import { isSecretName, REDACTED } from './own-rules.ts';
import { redactText } from './redact-text.ts';

/**
 * The same structure with every text in it redacted: a Kubernetes object, or any other JSON value. Besides what
 * {@link redactText} finds in each text: the values of environment variables and flags with secret-looking names, the data
 * of Secrets, and all of these in text that is JSON, such as the annotation that `kubectl apply` leaves.
 */
export async function redactValue<Value>(value: Value): Promise<Value> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts become texts, and nothing else is changed
  return (await redact(value)) as Value;
}

async function redact(value: unknown): Promise<unknown> {
  if (typeof value === 'string') return redactString(value);
  if (Array.isArray(value)) return redactList(value);
  if (typeof value === 'object' && value !== null) return redactObject(value);
  return value;
}

async function redactString(text: string): Promise<string> {
  const trimmed = text.trim();
  if (/^[{[]/.test(trimmed)) {
    try {
      return JSON.stringify(await redact(JSON.parse(trimmed)));
    } catch {
      // Not JSON after all.
    }
  }
  return redactText(text);
}

/** In arguments, the value can stand beside its flag: `--password hunter2`. */
async function redactList(values: unknown[]): Promise<unknown[]> {
  return Promise.all(
    values.map(async (value, index) => {
      const before: unknown = values[index - 1];
      const isFlagged = typeof before === 'string' && /^--?[\w-]+$/.test(before) && isSecretName(before);
      return isFlagged && typeof value === 'string' && !value.startsWith('-') ? REDACTED : redact(value);
    }),
  );
}

async function redactObject(object: object): Promise<object> {
  const { name, kind }: { name?: unknown; kind?: unknown } = object;
  const isSecretVariable = typeof name === 'string' && isSecretName(name);
  const entries = Object.entries(object).map(async ([key, value]: [string, unknown]): Promise<[string, unknown]> => {
    if (kind === 'Secret' && (key === 'data' || key === 'stringData')) return [key, REDACTED];
    if (isSecretVariable && key === 'value' && typeof value === 'string' && !isReference(value)) return [key, REDACTED];
    return [key, await redact(value)];
  });
  const redacted: Record<string, unknown> = Object.fromEntries(await Promise.all(entries));
  return redacted;
}

/** `$(OTHER_VARIABLE)` and nothing else. */
function isReference(value: string): boolean {
  return value === '' || /^\$\(\w+\)$/.test(value);
}
