import { redactText } from '@nightcrier/redaction/redact-text';
import { isObject } from './json.ts';

/** Fields of requests that contain text for the model. What the provider has signed or encrypted is in others. */
const TEXTS = new Set([
  'text',
  'content',
  'output',
  'instructions',
  'system',
  'input',
  'arguments',
  'result',
  'stdout',
  'stderr',
]);
/** Below these, every text is for the model. */
const WHOLE = new Set(['functionResponse', 'functionCall']);
const SIGNED = new Set([
  'signature',
  'thinking',
  'encrypted_content',
  'thoughtSignature',
  'data',
  'id',
  'call_id',
  'name',
  'type',
  'role',
]);

/** Returns a request whose texts have no secrets that the rules know. Structure, names and signed parts stay as they are. */
export async function redactPrompt<Body>(body: Body): Promise<Body> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts are replaced by texts; the structure is the same
  return (await redacted(body, false, false)) as Body;
}

async function redacted(value: unknown, isText: boolean, isWhole: boolean): Promise<unknown> {
  if (typeof value === 'string') return isText || isWhole ? redactText(value) : value;
  if (Array.isArray(value)) return Promise.all(value.map((item: unknown) => redacted(item, isText, isWhole)));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(async ([name, item]) => {
    if (SIGNED.has(name)) return [name, item] as const;
    return [name, await redacted(item, TEXTS.has(name), isWhole || WHOLE.has(name))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
