import type { Dialect } from './dialect.ts';
import { countAt, isObject, objectsOf, unknownField } from './json.ts';

const FIELDS = new Set(['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings']);
const PARTS = new Set(['text', 'functionCall', 'functionResponse', 'inlineData', 'thought', 'thoughtSignature']);

/** Gemini. Its parser takes other spellings of a field, too, so only the known ones are let through. */
export const gemini: Dialect = {
  provider: 'gemini',

  problemOf(body) {
    const { generateContentRequest: counted } = body;
    if (isObject(counted)) {
      const { model: _, ...request } = counted;
      return gemini.problemOf(request);
    }
    const field = unknownField(body, FIELDS);
    if (field !== undefined) return `the field ${field} is not allowed`;
    for (const tool of objectsOf(body.tools)) {
      const kind = Object.keys(tool).find((name) => name !== 'functionDeclarations');
      if (kind !== undefined) return `the tool ${kind} runs at the provider`;
    }
    if (countAt(body.generationConfig, 'candidateCount') > 1) return 'more than one answer is not allowed';
    return [...objectsOf(body.contents), ...(isObject(body.systemInstruction) ? [body.systemInstruction] : [])]
      .flatMap(({ parts }) => objectsOf(parts))
      .map((part) => unknownField(part, PARTS))
      .filter((name) => name !== undefined)
      .map((name) => `content of the type ${name} is not allowed`)[0];
  },

  longestAnswer({ generationConfig: config }) {
    const longest = countAt(config, 'maxOutputTokens');
    return longest === 0 ? undefined : longest;
  },
  bounded: (body, longest) => ({
    ...body,
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
