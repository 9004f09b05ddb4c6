import type { IncomingHttpHeaders } from 'node:http';

/** Error codes that every HTTP server of Nightcrier may answer, and their HTTP status. */
export const HTTP_ERRORS = {
  bad_request: 400,
  unauthorized: 401,
  origin_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  body_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  too_many_wrong_keys: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
} as const;
type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** A refused or failed request. Code and message are sent to the client. */
export class HttpError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly status: number;

  constructor(code: Code, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpError';
    this.code = code;
    this.status = status;
  }
}

/** Returns the error for one of the codes that all servers have in common. */
export function httpError(code: HttpErrorCode, message: string, options?: ErrorOptions): HttpError<HttpErrorCode> {
  return new HttpError(code, HTTP_ERRORS[code], message, options);
}

/** Statuses with which the framework refuses requests by itself. */
const REFUSED: ReadonlyMap<number, HttpErrorCode> = new Map([
  [413, 'body_too_large'],
  [414, 'uri_too_long'],
  [415, 'unsupported_media_type'],
]);
const LONG_URL = 'the URL, or a part of it, is too long';

/** Returns the error for a request that the framework refuses, undefined for any other failure. */
export function refusedByFramework(thrown: unknown): HttpError<HttpErrorCode> | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const status = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 500;
  const code = REFUSED.get(status) ?? (status >= 400 && status < 500 ? 'bad_request' : undefined);
  return code && httpError(code, code === 'uri_too_long' ? LONG_URL : thrown.message, { cause: thrown });
}

/**
 * Refuses a compressed body, which would be read as if it were not.
 * @throws HttpError unsupported_media_type
 */
export function assertPlainBody(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  const shown = JSON.stringify(encoding.slice(0, LONGEST_SHOWN));
  throw httpError('unsupported_media_type', `Content-Encoding ${shown} is not supported; send the body uncompressed`);
}

const LONGEST_SHOWN = 100;
