import type { Dialect } from './dialect.ts';
import {
  boundOf,
  countAt,
  firstProblem,
  isObject,
  type JsonObject,
  notAList,
  objectsOf,
  unknownField,
} from './json.ts';

const FIELDS = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings']);
/** Pictures, sound and PDFs cannot be redacted, and have more tokens than bytes. */
const PARTS = new Set(['text', 'functionCall', 'functionResponse', 'thought', 'thoughtSignature']);
/** `parts` of a response could be pictures, or addresses of them. */
const RESPONSE_FIELDS = new Set(['id', 'name', 'response']);
const CONTENT_FIELDS = new Set(['role', 'parts']);
const TOOL_CONFIG_FIELDS = new Set(['functionCallingConfig']);
const GENERATION_FIELDS = new Set([
  'temperature',
  'topP',
  'topK',
  'maxOutputTokens',
  'candidateCount',
  'stopSequences',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'thinkingConfig',
]);

/** Gemini. Its parser takes other spellings of a field, too, so only the known ones are let through. */
export const gemini: Dialect = {
  provider: 'gemini',

  problemOf(body, model) {
    const { generateContentRequest: counted, ...others } = body;
    if (!isObject(counted)) return requestProblem(body);
    const { model: named = `models/${model}`, ...request } = counted;
    if (named !== `models/${model}`) return 'the model of the counted request is another one';
    const other = unknownField(others, new Set());
    return other === undefined ? requestProblem(request) : `the field ${other} is not allowed`;
  },

  longestAnswer({ generationConfig: config }) {
    return isObject(config) ? boundOf(config.maxOutputTokens) : undefined;
  },
  bounded: (body, longest) => ({
    ...body,
    ...(body.tools !== undefined && { tools: [body.tools].flat() }),
    generationConfig: { ...(isObject(body.generationConfig) && body.generationConfig), maxOutputTokens: longest },
  }),

  tokensOf({ usageMetadata: usage }) {
    if (!isObject(usage)) return undefined;
    return {
      input: countAt(usage, 'promptTokenCount') + countAt(usage, 'toolUsePromptTokenCount'),
      cached: countAt(usage, 'cachedContentTokenCount'),
      output: countAt(usage, 'candidatesTokenCount') + countAt(usage, 'thoughtsTokenCount'),
    };
  },

  // A prompt that is blocked has no candidates.
  isLast: ({ candidates, promptFeedback }) =>
    objectsOf(candidates).some(({ finishReason }) => finishReason !== undefined) ||
    (isObject(promptFeedback) && promptFeedback.blockReason !== undefined),
  textOf: ({ candidates }) => (candidates === undefined ? '' : JSON.stringify(candidates)),

  errorBody: (status, message) => ({ error: { code: status, message, status: STATUSES[status] ?? 'UNKNOWN' } }),
};

const STATUSES: Partial<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'RESOURCE_EXHAUSTED',
  403: 'PERMISSION_DENIED',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

function requestProblem(body: JsonObject): string | undefined {
  const field = unknownField(body, FIELDS);
  if (field !== undefined) return `the field ${field} is not allowed`;
  // A single object is a list of one here: goose sends its tools so.
  const tools = [body.tools ?? []].flat();
  const list = notAList({ ...body, tools }, 'contents', 'tools');
  if (list !== undefined) return `${list} must be a list`;
  for (const tool of objectsOf(tools)) {
    const kind = Object.keys(tool).find((name) => name !== 'functionDeclarations');
    if (kind !== undefined) return `the tool ${kind} runs at the provider`;
  }
  const { generationConfig: generation, toolConfig, systemInstruction: system } = body;
  for (const [name, value, known] of [
    ['generationConfig', generation, GENERATION_FIELDS],
    ['toolConfig', toolConfig, TOOL_CONFIG_FIELDS],
    ['systemInstruction', system, CONTENT_FIELDS],
  ] as const) {
    if (value === undefined) continue;
    if (!isObject(value)) return `${name} must be an object`;
    const unknown = unknownField(value, known);
    if (unknown !== undefined) return `the field ${unknown} of ${name} is not allowed`;
  }
  // A number may also be a text.
  const { candidateCount = 1 } = isObject(generation) ? generation : {};
  if (candidateCount !== 1) return 'more than one answer is not allowed';
  return firstProblem([...objectsOf(body.contents), ...objectsOf([system])], contentProblem);
}

function contentProblem(content: JsonObject): string | undefined {
  const field = unknownField(content, CONTENT_FIELDS);
  if (field !== undefined) return `the field ${field} of a content is not allowed`;
  if (notAList(content, 'parts') !== undefined) return 'parts must be a list';
  return firstProblem(objectsOf(content.parts), (part) => {
    const kind = unknownField(part, PARTS);
    if (kind !== undefined) return `content of the type ${kind} is not allowed`;
    const response = isObject(part.functionResponse) ? part.functionResponse : {};
    const more = unknownField(response, RESPONSE_FIELDS);
    return more === undefined ? undefined : `${more} in the response of a function is not allowed`;
  });
}
