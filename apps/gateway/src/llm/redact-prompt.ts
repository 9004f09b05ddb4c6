import { redactText } from '@nightcrier/redaction/redact-text';
import { redactValue } from '@nightcrier/redaction/redact-value';
import { isObject } from './dialects/json.ts';

/** Fields that the provider compares, or has signed or encrypted. */
const KEPT = new Set([
  'signature',
  'thinking',
  'encrypted_content',
  'thoughtSignature',
  'id',
  'call_id',
  'tool_use_id',
  'tool_call_id',
  'name',
  'type',
  'role',
  'model',
]);
/** What tools are called with, and what they return: the names of the fields are those of the tool. */
const OF_TOOLS = new Set(['input', 'args', 'response']);

/** Returns a request whose texts have no secrets that the rules know. Structure, names and signed parts stay as they are. */
export async function redactPrompt<Body>(body: Body): Promise<Body> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts are replaced by texts; the structure is the same
  return (await redacted(body, '')) as Body;
}

async function redacted(value: unknown, name: string): Promise<unknown> {
  if (typeof value === 'string') return KEPT.has(name) ? value : redactText(value);
  if (Array.isArray(value)) return Promise.all(value.map((item: unknown) => redacted(item, name)));
  if (!isObject(value)) return value;
  if (OF_TOOLS.has(name)) return redactValue(value);
  if (value.type === 'redacted_thinking') return value;
  const entries = Object.entries(value).map(async ([field, item]) => [field, await redacted(item, field)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
