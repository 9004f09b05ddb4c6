import type { Dialect } from './dialect.ts';
import { boundOf, countAt, isObject, type JsonObject, objectsOf } from './json.ts';
import { fieldProblem, firstProblem, listProblem, type Problem, unknownField } from './problems.ts';

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
    return fieldProblem(others, new Set()) ?? requestProblem(request);
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

function requestProblem(body: JsonObject): Problem {
  // A single object is a list of one here: goose sends its tools so.
  const tools = [body.tools ?? []].flat();
  const { systemInstruction: system, toolConfig, generationConfig } = body;
  return (
    fieldProblem(body, FIELDS) ??
    listProblem({ ...body, tools }, 'contents', 'tools') ??
    firstProblem(objectsOf(tools), toolProblem) ??
    partProblem('generationConfig', generationConfig, GENERATION_FIELDS) ??
    partProblem('toolConfig', toolConfig, TOOL_CONFIG_FIELDS) ??
    partProblem('systemInstruction', system, CONTENT_FIELDS) ??
    answersProblem(generationConfig) ??
    firstProblem([...objectsOf(body.contents), ...objectsOf([system])], contentProblem)
  );
}

function toolProblem(tool: JsonObject): Problem {
  const kind = Object.keys(tool).find((name) => name !== 'functionDeclarations');
  return kind === undefined ? undefined : `the tool ${kind} runs at the provider`;
}

function partProblem(name: string, value: unknown, known: ReadonlySet<string>): Problem {
  if (value === undefined) return undefined;
  return isObject(value) ? fieldProblem(value, known, name) : `${name} must be an object`;
}

/** A number may also be a text. */
function answersProblem(generation: unknown): Problem {
  const { candidateCount = 1 } = isObject(generation) ? generation : {};
  return candidateCount === 1 ? undefined : 'more than one answer is not allowed';
}

function contentProblem(content: JsonObject): Problem {
  return (
    fieldProblem(content, CONTENT_FIELDS, 'a content') ??
    listProblem(content, 'parts') ??
    firstProblem(objectsOf(content.parts), (part) => {
      const kind = unknownField(part, PARTS);
      if (kind !== undefined) return `content of the type ${kind} is not allowed`;
      const response = isObject(part.functionResponse) ? part.functionResponse : {};
      const more = unknownField(response, RESPONSE_FIELDS);
      return more === undefined ? undefined : `${more} in the response of a function is not allowed`;
    })
  );
}
