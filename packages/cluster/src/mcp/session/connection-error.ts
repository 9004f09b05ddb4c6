import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { cleanText } from '../wire-text.ts';

/** Why a cluster connection failed. The list is closed, so that each can be counted and documented. */
export const CONNECTION_ERROR_CODES = [
  /** The API key could not be read. */
  'bad_credentials',
  /** No HTTP answer: refused, reset, unknown host, TLS. */
  'unreachable',
  'timeout',
  /** HTTP 401. */
  'unauthorized',
  /** HTTP 403. */
  'forbidden',
  /** The endpoint, or the session, does not exist (HTTP 404). */
  'not_found',
  /** An answer that is not the Model Context Protocol. */
  'protocol',
  /** The server lacks a tool or protocol version that watching needs. */
  'unsupported',
  /** The server refused the event stream. */
  'stream_refused',
  /** The event stream ended, broke, or was silent for too long. */
  'stream_lost',
  'event_too_big',
  /** The answer to a request is too large. */
  'too_big',
  'subscribe_refused',
  /** The session lives, but the server no longer holds our subscription. */
  'subscription_lost',
  /** A tool returned an error. */
  'tool_failed',
  /** The MCP server answers, and its API server does not. */
  'api_unreachable',
  /** The API server rejects the credentials of the MCP server (HTTP 401), or lets them list nothing (403). */
  'api_unauthorized',
  'api_forbidden',
  /** Nothing has proven for a minute that a fault would be seen. */
  'unproven',
  /** The endpoint redirects to another origin, or in circles. */
  'redirected',
  /** A defect of this program. */
  'internal',
] as const;
export type ConnectionErrorCode = (typeof CONNECTION_ERROR_CODES)[number];

/** The end of a session, or of the attempt to open one. The message is shown to operators and holds no secret. */
export class ConnectionError extends Error {
  readonly code: ConnectionErrorCode;

  constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(cleanText(startWithoutSecrets(message, 2_000), 500, { lines: false }), options);
    this.name = 'ConnectionError';
    this.code = code;
  }
}

/** Returns the error for an HTTP status, with what to check. @param what the request: `connect`, `event stream`, a method */
export function httpStatusError(status: number, what: string, endpoint: string, cause?: unknown): ConnectionError {
  const error = (code: ConnectionErrorCode, message: string): ConnectionError =>
    new ConnectionError(code, message, { cause });
  switch (status) {
    case 401:
      return error(
        'unauthorized',
        `${endpoint} refused the credentials (HTTP 401, ${what}); check mcp.api_key or mcp.api_key_file of this cluster`,
      );
    case 403:
      return error(
        'forbidden',
        `${endpoint} forbids access (HTTP 403, ${what}); check what the mcp.api_key of this cluster may do`,
      );
    case 404:
      return error(
        'not_found',
        what === 'connect'
          ? `nothing is served at ${endpoint} (HTTP 404); check mcp.endpoint, whose path is usually /mcp`
          : `${endpoint} no longer knows this session (HTTP 404, ${what}); it was probably restarted`,
      );
    default:
      return error(what === 'event stream' ? 'stream_refused' : 'protocol', `${endpoint}: ${what}: HTTP ${status}`);
  }
}

/** Returns the message of the innermost cause, which for network errors is the specific one. */
export function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return rootMessage(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return rootMessage(error.errors[0]);
  return error.message || error.name;
}

/** Returns whether the session is over, so that another request on it would fail too. */
export function endsSession(error: unknown): boolean {
  return !(error instanceof ConnectionError) || ['subscription_lost', 'not_found', 'unauthorized'].includes(error.code);
}
