import { isObject, type JsonObject } from './dialects/json.ts';

/** What a provider says of a request that it does not answer: in the body, or in an event of a stream. */
export interface ProviderError {
  message: string;
  /** Types, codes and statuses, as the provider names them. */
  codes: ReadonlySet<string>;
  /** The HTTP status, where a stream or a body names it. */
  status?: number;
}

/** Reads the error of an answer. Text that is no JSON, as proxies answer with, is its message. */
export function errorInBody(body: string): ProviderError {
  try {
    return errorIn(JSON.parse(body)) ?? { message: body, codes: new Set() };
  } catch {
    return { message: body, codes: new Set() };
  }
}

/**
 * Reads the error of an event, or of an answer; undefined if it is none. All APIs have an object `error`, OpenAI's also within a
 * `response`; an event of the type `error` can be one itself.
 */
export function errorIn(value: unknown): ProviderError | undefined {
  const [first]: unknown[] = Array.isArray(value) ? value : [value];
  if (!isObject(first)) return undefined;
  const { response, type } = first;
  const error =
    (isObject(response) ? response.error : undefined) ?? first.error ?? (type === 'error' ? first : undefined);
  if (isObject(error)) return fromObject(error);
  if (typeof error === 'string') return { ...fromObject(first), message: error };
  // API gateways of clouds.
  const { statusCode, message = first.Message } = first;
  const isFailure = typeof message === 'string' && (statusCode !== undefined || Object.keys(first).length <= 2);
  return isFailure ? { ...fromObject(first), message } : undefined;
}

function fromObject(error: JsonObject): ProviderError {
  const { message = error.Message, details } = error;
  const reasons = Array.isArray(details) ? details.map((detail) => (isObject(detail) ? detail.reason : undefined)) : [];
  const named = [error.type, error.code, error.status, error.reason, error.__type, ...reasons];
  const status = [error.code, error.status, error.statusCode].map(Number).find((code) => code >= 400 && code < 600);
  return {
    message: typeof message === 'string' ? message : JSON.stringify(error),
    codes: new Set(named.filter((name) => typeof name === 'string')),
    ...(status !== undefined && { status }),
  };
}
