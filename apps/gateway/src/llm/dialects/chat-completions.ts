import type { Dialect } from './dialect.ts';
import {
  boundOf,
  contentProblem,
  countAt,
  firstProblem,
  isObject,
  type JsonObject,
  notAList,
  objectsOf,
  textOf,
  unknownField,
} from './json.ts';
import { openaiError } from './responses.ts';

const FIELDS = new Set([
  'model',
  'messages',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stream',
  'stream_options',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'response_format',
  'reasoning_effort',
]);
const CLIENT_TOOLS = new Set(['function', 'custom']);
/** Pictures, sound and files cannot be redacted, and have more tokens than bytes. */
const PARTS = new Set(['text', 'refusal']);
const MESSAGE_FIELDS = new Set([
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'refusal',
  'reasoning_content',
]);

/** OpenAI Chat Completions. */
export const chatCompletions: Dialect = {
  provider: 'openai',

  problemOf(body) {
    const field = unknownField(body, FIELDS);
    if (field !== undefined) return `the field ${field} is not allowed`;
    const list = notAList(body, 'messages', 'tools');
    if (list !== undefined) return `${list} must be a list`;
    const tools = [body.tools ?? [], body.tool_choice ?? []].flat();
    const tool = objectsOf(tools).find(({ type }) => !CLIENT_TOOLS.has(textOf(type)));
    if (tool) return `the tool ${textOf(tool.type)} runs at the provider`;
    return firstProblem(objectsOf(body.messages), messageProblem);
  },

  longestAnswer({ max_completion_tokens: longest, max_tokens: former }) {
    return boundOf(longest) ?? boundOf(former);
  },
  // Without the option, a stream has no usage.
  bounded: (body, longest) => ({
    ...body,
    ...(boundOf(body.max_completion_tokens) === undefined && boundOf(body.max_tokens) !== undefined
      ? { max_tokens: longest, max_completion_tokens: undefined }
      : { max_completion_tokens: longest, max_tokens: undefined }),
    ...(body.stream === true && { stream_options: { include_usage: true } }),
  }),

  tokensOf({ usage }) {
    if (!isObject(usage)) return undefined;
    return {
      input: countAt(usage, 'prompt_tokens'),
      cached: countAt(usage, 'prompt_tokens_details', 'cached_tokens'),
      output: countAt(usage, 'completion_tokens'),
    };
  },

  // The usage comes with or after it.
  isLast: ({ choices, usage }) =>
    isObject(usage) && objectsOf(choices).every(({ finish_reason: reason }) => typeof reason === 'string'),
  textOf: ({ choices }) =>
    objectsOf(choices)
      .map(({ delta }) => (delta === undefined ? '' : JSON.stringify(delta)))
      .join(''),
  errorBody: openaiError,
};

function messageProblem(message: JsonObject): string | undefined {
  const field = unknownField(message, MESSAGE_FIELDS);
  if (field !== undefined) return `the field ${field} of a message is not allowed`;
  return contentProblem(message.content, ({ type }) =>
    PARTS.has(textOf(type)) ? undefined : `content of the type ${textOf(type)} is not allowed`,
  );
}
