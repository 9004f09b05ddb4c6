import type { Dialect } from './dialect.ts';
import { boundOf, countAt, isObject, type JsonObject, objectsOf, textOf } from './json.ts';
import { contentProblem, fieldProblem, firstProblem, listProblem, type Problem, typeProblem } from './problems.ts';

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

  problemOf: (body) =>
    fieldProblem(body, FIELDS) ??
    listProblem(body, 'messages', 'tools') ??
    toolProblem(objectsOf(body.tools)) ??
    editProblem(body.context_management) ??
    firstProblem([body.system, ...objectsOf(body.messages).map(({ content }) => content)], (text) =>
      contentProblem(text, blockProblem),
    ),

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

function toolProblem(tools: JsonObject[]): Problem {
  const tool = tools.find(({ type }) => type !== undefined && !CLIENT_TOOL.test(textOf(type)));
  if (tool) return `the tool ${textOf(tool.type)} runs at the provider`;
  const called = tools.flatMap(({ allowed_callers: callers = [] }) => callers);
  const caller = called.find((name) => name !== 'direct');
  return caller === undefined ? undefined : `a call of a tool by ${textOf(caller)} runs at the provider`;
}

function blockProblem({ type, source, content }: JsonObject): Problem {
  const problem = typeProblem('content', type, BLOCKS);
  if (problem !== undefined) return problem;
  if (source === undefined) return contentProblem(content, blockProblem);
  if (!isObject(source) || !SOURCES.has(textOf(source.type))) {
    return `content from a ${isObject(source) ? textOf(source.type) : 'source'} is not allowed`;
  }
  return contentProblem(source.content, blockProblem) ?? contentProblem(content, blockProblem);
}

/** Edits that only remove parts of the conversation. To summarise it costs tokens that no answer reports. */
function editProblem(management: unknown): Problem {
  if (management === undefined || management === null) return undefined;
  if (!isObject(management)) return 'edits must be a list';
  const list = listProblem(management, 'edits');
  if (list !== undefined) return list;
  const edit = objectsOf(management.edits).find(({ type }) => !textOf(type).startsWith('clear_'));
  return edit && `the edit ${textOf(edit.type)} is not allowed`;
}
