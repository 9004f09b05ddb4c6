import type { Dialect } from './dialect.ts';
import {
  boundOf,
  contentProblem,
  countAt,
  isObject,
  type JsonObject,
  notAList,
  objectsOf,
  textOf,
  unknownField,
} from './json.ts';

const FIELDS = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'store',
  'stream',
  'stream_options',
  'include',
  'prompt_cache_key',
  'client_metadata',
  'text',
  'max_output_tokens',
  'temperature',
  'top_p',
  'truncation',
]);
const CLIENT_TOOLS = new Set(['function', 'custom', 'local_shell']);
const CHOICES = new Set(['auto', 'none', 'required']);
const ITEMS = new Set([
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'local_shell_call',
  'local_shell_call_output',
]);
/** Pictures and files cannot be redacted, and have more tokens than bytes. */
const PARTS = new Set(['input_text', 'output_text', 'text', 'refusal', 'summary_text', 'reasoning_text']);
const LAST = new Set(['response.completed', 'response.incomplete', 'response.failed']);
const INCLUDED = new Set(['reasoning.encrypted_content']);

/** OpenAI Responses. */
export const responses: Dialect = {
  provider: 'openai',

  problemOf(body) {
    const field = unknownField(body, FIELDS);
    if (field !== undefined) return `the field ${field} is not allowed`;
    if (body.store !== undefined && body.store !== false) return 'answers may not be stored at the provider';
    if (body.instructions !== undefined && body.instructions !== null && typeof body.instructions !== 'string') {
      return 'instructions must be a text';
    }
    const list = notAList(body, 'tools');
    if (list !== undefined) return `${list} must be a list`;
    const { tool_choice: choice = 'auto' } = body;
    const isMode = choice === null || isObject(choice) || CHOICES.has(textOf(choice));
    const tool = providerTool(body.tools) ?? (isMode ? providerTool([choice]) : textOf(choice));
    if (tool !== undefined) return `the tool ${tool} runs at the provider`;
    const included = [body.include ?? []].flat().find((name) => !INCLUDED.has(textOf(name)));
    if (included !== undefined) return `${textOf(included)} may not be included`;
    return contentProblem(body.input, itemProblem);
  },

  longestAnswer: ({ max_output_tokens: longest }) => boundOf(longest),
  // Without the field, the provider stores the answer.
  bounded: (body, longest) => ({ ...body, max_output_tokens: longest, store: false }),

  tokensOf(event) {
    const usage = isObject(event.response) ? event.response.usage : event.usage;
    if (!isObject(usage)) return undefined;
    return {
      input: countAt(usage, 'input_tokens'),
      cached: countAt(usage, 'input_tokens_details', 'cached_tokens'),
      output: countAt(usage, 'output_tokens'),
    };
  },

  isLast: ({ type }) => LAST.has(textOf(type)),
  textOf: ({ delta }) => (typeof delta === 'string' ? delta : ''),
  errorBody: openaiError,
};

/** These group tools: some to declare, some to choose from. */
const GROUPS = new Set(['namespace', 'allowed_tools']);

/** Returns the type of a tool that the client does not run itself. */
function providerTool(tools: unknown): string | undefined {
  for (const { type, tools: grouped } of objectsOf(tools)) {
    if (notAList({ grouped }, 'grouped') !== undefined) return textOf(type);
    const isClients = CLIENT_TOOLS.has(textOf(type));
    const found = GROUPS.has(textOf(type)) ? providerTool(grouped) : isClients ? undefined : textOf(type);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The error of both APIs of OpenAI. */
export function openaiError(status: number, message: string): JsonObject {
  const code = status === 402 ? 'insufficient_quota' : status === 403 ? 'forbidden' : null;
  return { error: { message, type: code ?? 'invalid_request_error', param: null, code } };
}

function itemProblem({ type = 'message', content, output }: JsonObject): string | undefined {
  if (!ITEMS.has(textOf(type))) return `an input of the type ${textOf(type)} is not allowed`;
  return contentProblem(content, partProblem) ?? contentProblem(output, partProblem);
}

function partProblem({ type }: JsonObject): string | undefined {
  return PARTS.has(textOf(type)) ? undefined : `content of the type ${textOf(type)} is not allowed`;
}
