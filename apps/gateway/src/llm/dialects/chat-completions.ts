import type { Dialect } from './dialect.ts';
import { boundOf, countAt, isObject, type JsonObject, objectsOf, textOf } from './json.ts';
import { contentProblem, fieldProblem, firstProblem, listProblem, type Problem, typeProblem } from './problems.ts';
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

  problemOf: (body) =>
    fieldProblem(body, FIELDS) ??
    listProblem(body, 'messages', 'tools') ??
    toolProblem([body.tools ?? [], body.tool_choice ?? []].flat()) ??
    firstProblem(objectsOf(body.messages), messageProblem),

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

function toolProblem(tools: unknown[]): Problem {
  const tool = objectsOf(tools).find(({ type }) => !CLIENT_TOOLS.has(textOf(type)));
  return tool && `the tool ${textOf(tool.type)} runs at the provider`;
}

function messageProblem(message: JsonObject): Problem {
  return (
    fieldProblem(message, MESSAGE_FIELDS, 'a message') ??
    contentProblem(message.content, ({ type }) => typeProblem('content', type, PARTS))
  );
}
