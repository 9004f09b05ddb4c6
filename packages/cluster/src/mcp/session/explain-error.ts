import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { ConnectionError, httpStatusError, rootMessage } from './connection-error.ts';

/**
 * Converts an error of the MCP SDK or of the network to one that names what to check.
 * @param what the request: `connect`, a method, or a tool
 */
export function explainError(error: unknown, what: string, endpoint: string): ConnectionError {
  const own = ownErrorOf(error);
  if (own) return own;
  const options = { cause: error };
  if (SdkHttpError.isInstance(error)) {
    return error.status >= 400
      ? httpStatusError(error.status, what, endpoint, error)
      : new ConnectionError('protocol', `${notMcp(endpoint, what)} (${error.message})`, options);
  }
  if (SdkError.isInstance(error)) return explainSdkError(error, what, endpoint);
  if (ProtocolError.isInstance(error)) {
    return new ConnectionError('tool_failed', `${endpoint}: ${what}: ${error.message}`, options);
  }
  if (isNotMcp(error)) return new ConnectionError('protocol', notMcp(endpoint, what), options);
  if (error instanceof Error && error.message.startsWith("Server's protocol version")) {
    return new ConnectionError('unsupported', `${endpoint}: ${error.message}`, options);
  }
  return new ConnectionError('unreachable', `cannot reach ${endpoint} (${what}): ${rootMessage(error)}`, options);
}

function explainSdkError(error: SdkError, what: string, endpoint: string): ConnectionError {
  const options = { cause: error };
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return new ConnectionError('timeout', `${endpoint} did not answer in time (${what})`, options);
    case SdkErrorCode.ConnectionClosed:
    case SdkErrorCode.NotConnected:
      return new ConnectionError('unreachable', `the session with ${endpoint} was closed (${what})`, options);
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return new ConnectionError('protocol', `${notMcp(endpoint, what)} (${error.message})`, options);
    default:
      // The SDK wraps what went wrong while it asked which protocol the server speaks.
      if (error.cause !== undefined && error.cause !== error) return explainError(error.cause, what, endpoint);
      return new ConnectionError('unsupported', `${endpoint}: ${what}: ${error.message}`, options);
  }
}

/** What our own transport threw, wherever the SDK put it. */
function ownErrorOf(error: unknown): ConnectionError | undefined {
  if (error instanceof ConnectionError) return error;
  return error instanceof Error && error.cause !== undefined ? ownErrorOf(error.cause) : undefined;
}

function isNotMcp(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && /^\$?ZodError$/.test(error.name));
}

function notMcp(endpoint: string, what: string): string {
  return `${endpoint}: the answer is not MCP (${what}); check mcp.endpoint and any proxy before it`;
}
