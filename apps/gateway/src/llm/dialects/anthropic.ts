import type { Dialect } from './dialect.ts';
import {
  contentProblem,
  countAt,
  firstProblem,
  boundOf,
  isObject,
  type JsonObject,
  notAList,
  objectsOf,
  textOf,
  unknownField,
} from './json.ts';

const FIELDS = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
  'context_management',
  'output_config',
  'output_format',
  'cache_control',
]);

/** Tools that the client runs itself. Others, such as web_search_20250305 or mcp_toolset, run at the provider. */
const CLIENT_TOOL = /^(?:custom|bash_\d+|text_editor_\d+)$/;
/** Pictures and PDFs cannot be redacted, and have more tokens than bytes. */
const BLOCKS = new Set(['text', 'document', 'tool_use', 'tool_result', 'thinking', 'redacted_thinking']);
const SOURCES = new Set(['text', 'content']);

/** Input that is written to the cache costs 1.25 or, if it is kept for an hour, 2 times as much. */
const SURCHARGE = { minutes: 0.25, hour: 1 };

/** Anthropic Messages. */
export const anthropic: Dialect = {
  provider: 'anthropic',

  problemOf(body) {
    const field = unknownField(body, FIELDS);
    if (field !== undefined) return `the field ${field} is not allowed`;
    const list = notAList(body, 'messages', 'tools');
    if (list !== undefined) return `${list} must be a list`;
    const tool = objectsOf(body.tools).find(({ type }) => type !== undefined && !CLIENT_TOOL.test(textOf(type)));
    if (tool) return `the tool ${textOf(tool.type)} runs at the provider`;
    const called = objectsOf(body.tools).flatMap(({ allowed_callers: callers = [] }) => callers);
    const caller = called.find((name) => name !== 'direct');
    if (caller !== undefined) return `a call of a tool by ${textOf(caller)} runs at the provider`;
    const texts = [body.system, ...objectsOf(body.messages).map(({ content }) => content)];
    return editProblem(body.context_management) ?? firstProblem(texts, (text) => contentProblem(text, blockProblem));
  },

  longestAnswer: ({ max_tokens: longest }) => boundOf(longest),
  bounded: (body, longest) => ({ ...body, max_tokens: longest }),

  tokensOf(event) {
    const usage = isObject(event.message) ? event.message.usage : event.usage;
    if (!isObject(usage)) return undefined;
    const cached = countAt(usage, 'cache_read_input_tokens');
    const input = countAt(usage, 'input_tokens') + countAt(usage, 'cache_creation_input_tokens') + cached;
    const output = countAt(usage, 'output_tokens');
    const longKept = countAt(usage, 'cache_creation', 'ephemeral_1h_input_tokens');
    const written = countAt(usage, 'cache_creation_input_tokens');
    const surcharge = longKept * SURCHARGE.hour + Math.max(0, written - longKept) * SURCHARGE.minutes;
    // The last event repeats the output only.
    return { ...(input > 0 && { input, cached, surcharge }), output };
  },

  isLast: ({ type }) => type === 'message_stop',

  surchargeAtMost(text, input) {
    if (!text.includes('"cache_control"')) return 0;
    return input * (text.includes('"1h"') ? SURCHARGE.hour : SURCHARGE.minutes);
  },

  textOf: ({ delta }) => (isObject(delta) ? textOf(delta.text ?? delta.partial_json ?? delta.thinking ?? '') : ''),

  errorBody: (status, message) => ({ type: 'error', error: { type: ERROR_TYPES[status] ?? 'api_error', message } }),
};

const ERROR_TYPES: Partial<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function blockProblem({ type, source, content }: JsonObject): string | undefined {
  const name = textOf(type);
  if (!BLOCKS.has(name)) return `content of the type ${name} is not allowed`;
  if (source === undefined) return contentProblem(content, blockProblem);
  if (!isObject(source) || !SOURCES.has(textOf(source.type))) {
    return `content from a ${isObject(source) ? textOf(source.type) : 'source'} is not allowed`;
  }
  return contentProblem(source.content, blockProblem) ?? contentProblem(content, blockProblem);
}

/** Edits that only remove parts of the conversation. To summarise it costs tokens that no answer reports. */
function editProblem(management: unknown): string | undefined {
  if (management === undefined || management === null) return undefined;
  if (!isObject(management) || notAList(management, 'edits') !== undefined) return 'edits must be a list';
  const edit = objectsOf(management.edits).find(({ type }) => !textOf(type).startsWith('clear_'));
  return edit && `the edit ${textOf(edit.type)} is not allowed`;
}
