import type { Dialect } from './dialect.ts';
import { boundOf, countAt, isObject, type JsonObject, objectsOf, textOf } from './json.ts';
import { contentProblem, fieldProblem, listProblem, type Problem, typeProblem } from './problems.ts';

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

  problemOf: (body) =>
    fieldProblem(body, FIELDS) ??
    storedProblem(body) ??
    listProblem(body, 'tools') ??
    toolProblem(body) ??
    includedProblem([body.include ?? []].flat()) ??
    contentProblem(body.input, itemProblem),

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

function storedProblem({ store, instructions }: JsonObject): Problem {
  if (store !== undefined && store !== false) return 'answers may not be stored at the provider';
  const isText = instructions === undefined || instructions === null || typeof instructions === 'string';
  return isText ? undefined : 'instructions must be a text';
}

function toolProblem({ tools, tool_choice: choice = 'auto' }: JsonObject): Problem {
  const isMode = choice === null || isObject(choice) || CHOICES.has(textOf(choice));
  const tool = providerTool(tools) ?? (isMode ? providerTool([choice]) : textOf(choice));
  return tool === undefined ? undefined : `the tool ${tool} runs at the provider`;
}

function includedProblem(included: unknown[]): Problem {
  const other = included.find((name) => !INCLUDED.has(textOf(name)));
  return other === undefined ? undefined : `${textOf(other)} may not be included`;
}

/** These group tools: some to declare, some to choose from. */
const GROUPS = new Set(['namespace', 'allowed_tools']);

/** Returns the type of a tool that the client does not run itself. */
function providerTool(tools: unknown): string | undefined {
  for (const { type, tools: grouped } of objectsOf(tools)) {
    if (listProblem({ grouped }, 'grouped') !== undefined) return textOf(type);
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

function itemProblem({ type = 'message', content, output }: JsonObject): Problem {
  return (
    typeProblem('an input', type, ITEMS) ?? contentProblem(content, partProblem) ?? contentProblem(output, partProblem)
  );
}

function partProblem({ type }: JsonObject): Problem {
  return typeProblem('content', type, PARTS);
}
