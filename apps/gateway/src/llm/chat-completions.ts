import type { Dialect } from './dialect.ts';
import { countAt, isObject, type JsonObject, objectsOf, textOf, unknownField } from './json.ts';
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
const PARTS = new Set(['text', 'image_url', 'refusal']);

/** OpenAI Chat Completions. */
export const chatCompletions: Dialect = {
  provider: 'openai',

  problemOf(body) {
    const field = unknownField(body, FIELDS);
    if (field !== undefined) return `the field ${field} is not allowed`;
    const tool = objectsOf(body.tools).find(({ type }) => !CLIENT_TOOLS.has(textOf(type)));
    if (tool) return `the tool ${textOf(tool.type)} runs at the provider`;
    return objectsOf(body.messages)
      .flatMap(({ content }) => objectsOf(content))
      .map(partProblem)
      .find((problem) => problem !== undefined);
  },

  longestAnswer({ max_completion_tokens: longest, max_tokens: former }) {
    if (typeof longest === 'number') return longest;
    return typeof former === 'number' ? former : undefined;
  },
  // Without the option, a stream has no usage.
  bounded: (body, longest) => ({
    ...body,
    ...(body.max_tokens === undefined ? { max_completion_tokens: longest } : { max_tokens: longest }),
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

  textOf: ({ choices }) =>
    objectsOf(choices)
      .map(({ delta }) => (delta === undefined ? '' : JSON.stringify(delta)))
      .join(''),
  errorBody: openaiError,
};

function partProblem({ type, image_url: image }: JsonObject): string | undefined {
  if (!PARTS.has(textOf(type))) return `content of the type ${textOf(type)} is not allowed`;
  if (image === undefined) return undefined;
  const url = isObject(image) ? image.url : image;
  return typeof url === 'string' && url.startsWith('data:') ? undefined : 'an image must be in the request itself';
}
