import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { ConnectionError, httpStatusError, rootMessage } from './connection-error.ts';

const TIMED_OUT: number = ErrorCode.RequestTimeout;
const CLOSED: number = ErrorCode.ConnectionClosed;

/**
 * Converts an error of the MCP SDK or of the network to one that names what to check.
 * @param what the request: `connect`, a method, or a tool
 */
export function explainError(error: unknown, what: string, endpoint: string): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const options = { cause: error };
  if (error instanceof StreamableHTTPError) {
    return error.code !== undefined && error.code > 0
      ? httpStatusError(error.code, what, endpoint, error)
      : new ConnectionError('protocol', `${notMcp(endpoint, what)} (${error.message})`, options);
  }
  if (error instanceof McpError) {
    switch (error.code) {
      case TIMED_OUT:
        return new ConnectionError('timeout', `${endpoint} did not answer in time (${what})`, options);
      case CLOSED:
        return new ConnectionError('unreachable', `the session with ${endpoint} was closed (${what})`, options);
      default:
        return new ConnectionError('tool_failed', `${endpoint}: ${what}: ${error.message}`, options);
    }
  }
  if (error instanceof SyntaxError || (error instanceof Error && error.name === '$ZodError')) {
    return new ConnectionError('protocol', notMcp(endpoint, what), options);
  }
  if (error instanceof Error && error.message.startsWith("Server's protocol version")) {
    return new ConnectionError('unsupported', `${endpoint}: ${error.message}`, options);
  }
  return new ConnectionError('unreachable', `cannot reach ${endpoint} (${what}): ${rootMessage(error)}`, options);
}

function notMcp(endpoint: string, what: string): string {
  return `${endpoint}: the answer is not MCP (${what}); check mcp.endpoint and any proxy before it`;
}
