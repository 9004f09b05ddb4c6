import { anthropic } from './dialects/anthropic.ts';
import { chatCompletions } from './dialects/chat-completions.ts';
import type { Dialect } from './dialects/dialect.ts';
import { gemini } from './dialects/gemini.ts';
import { responses } from './dialects/responses.ts';

/** An endpoint that agents may use. */
export interface Endpoint {
  dialect: Dialect;
  /** Below the base URL of the provider, with its query. */
  path: string;
  /** It only counts tokens, which costs nothing. */
  counts: boolean;
  /** The model, where the path names it. */
  model?: string;
  /** Whether the answer is a stream, where the path says so. */
  streams?: boolean;
}

const GEMINI_PATH = /^\/v1beta\/models\/([\w.-]{1,100}):(generateContent|streamGenerateContent|countTokens)$/;

/** Finds the endpoint of a request; undefined if agents may not use it. Everything but a few POSTs is not allowed. */
export function endpointOf(method: string, target: string): Endpoint | undefined {
  if (method !== 'POST') return undefined;
  const [path = '', query = '', ...more] = target.split('?');
  if (more.length > 0) return undefined;
  switch (path) {
    case '/v1/messages':
    case '/v1/messages/count_tokens':
      if (query !== '' && query !== 'beta=true') return undefined;
      return { dialect: anthropic, path: target, counts: path.endsWith('count_tokens') };
    case '/v1/responses':
    case '/v1/chat/completions':
      if (query !== '') return undefined;
      // The base URL of OpenAI ends with the version.
      return {
        dialect: path === '/v1/responses' ? responses : chatCompletions,
        path: path.slice('/v1'.length),
        counts: false,
      };
    default: {
      const [, model, action] = GEMINI_PATH.exec(path) ?? [];
      if (model === undefined || (query !== '' && query !== 'alt=sse')) return undefined;
      const streams = action === 'streamGenerateContent';
      // Without it, the stream is one JSON list, whose usage comes with its end.
      const sent = streams ? `${path}?alt=sse` : path;
      return streams && query === ''
        ? undefined
        : { dialect: gemini, path: sent, counts: action === 'countTokens', model, streams };
    }
  }
}
