import type { Dialect } from './dialect.ts';
import { countAt, isObject, type JsonObject, objectsOf, textOf, unknownField } from './json.ts';

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
const BLOCKS = new Set(['text', 'image', 'document', 'tool_use', 'tool_result', 'thinking', 'redacted_thinking']);

/** Anthropic Messages. */
export const anthropic: Dialect = {
  provider: 'anthropic',

  problemOf(body) {
    const field = unknownField(body, FIELDS);
    if (field !== undefined) return `the field ${field} is not allowed`;
    const tool = objectsOf(body.tools).find(({ type }) => type !== undefined && !CLIENT_TOOL.test(textOf(type)));
    if (tool) return `the tool ${textOf(tool.type)} runs at the provider`;
    return objectsOf(body.messages)
      .map(({ content }) => blockProblem(content))
      .find((problem) => problem !== undefined);
  },

  longestAnswer: ({ max_tokens: longest }) => (typeof longest === 'number' ? longest : undefined),
  bounded: (body, longest) => ({ ...body, max_tokens: longest }),

  tokensOf(event) {
    const usage = isObject(event.message) ? event.message.usage : event.usage;
    if (!isObject(usage)) return undefined;
    const cached = countAt(usage, 'cache_read_input_tokens');
    const input = countAt(usage, 'input_tokens') + countAt(usage, 'cache_creation_input_tokens') + cached;
    const output = countAt(usage, 'output_tokens');
    // The last event repeats the output only.
    return { ...(input > 0 && { input, cached }), output };
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

function blockProblem(content: unknown): string | undefined {
  for (const block of objectsOf(content)) {
    const type = textOf(block.type);
    if (!BLOCKS.has(type)) return `content of the type ${type} is not allowed`;
    const source = isObject(block.source) ? textOf(block.source.type) : undefined;
    if (source !== undefined && !['base64', 'text', 'content'].includes(source)) {
      return `content from a ${source} is not allowed`;
    }
    const inner: JsonObject[] = [block.source, block].filter(isObject);
    const problem = inner.map(({ content: nested }) => blockProblem(nested)).find((found) => found !== undefined);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
