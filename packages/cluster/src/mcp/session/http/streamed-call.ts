import type { Dispatcher } from 'undici';
import { ConnectionError, httpStatusError, rootMessage } from '../connection-error.ts';
import { requestSameOrigin } from './same-origin-request.ts';

/** An answer whose body is read as it comes. Leaving the loop over it before its end closes the connection. */
export interface StreamedAnswer {
  /** Whether the JSON-RPC message comes in an event stream. */
  isEventStream: boolean;
  /** @throws ConnectionError for what happens on the way */
  body: AsyncIterable<Uint8Array>;
}

/** A JSON-RPC request. */
export interface Call {
  id: string;
  method: string;
  params: Record<string, unknown>;
}

export interface CallOptions {
  endpoint: string;
  headers: Record<string, string>;
  dispatcher: Dispatcher;
  /** Ends the call. */
  signal: AbortSignal;
  /** The method, or the tool, for messages. */
  what: string;
  /** Until the whole answer must be there, ms. */
  timeout: number;
}

let lastId = 0;

/** Returns the next id of a request. The SDK counts its own requests. */
export function nextCallId(): string {
  lastId += 1;
  return `call-${lastId}`;
}

/**
 * Sends a request beside the SDK, which reads an answer into memory and parses it at once, and takes several times as long.
 * @throws ConnectionError
 */
export async function callStreamed(call: Call, options: CallOptions): Promise<StreamedAnswer> {
  const { endpoint, headers, dispatcher, signal, what, timeout } = options;
  const failed = (error: unknown): ConnectionError => explainFailure(error, options);
  const response = await requestSameOrigin(endpoint, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', ...call }),
    dispatcher,
    signal,
    timeout,
  }).catch((error: unknown) => {
    throw failed(error);
  });
  const type = (response.headers['content-type'] ?? 'no content type').toLowerCase();
  const isEventStream = type.startsWith('text/event-stream');
  if (response.statusCode !== 200 || (!isEventStream && !type.startsWith('application/json'))) {
    response.body.destroy();
    if (response.statusCode !== 200) throw httpStatusError(response.statusCode, what, endpoint);
    throw new ConnectionError(
      'protocol',
      `${endpoint}: the answer is not MCP (${what}): ${type}; check mcp.endpoint and any proxy before it`,
    );
  }
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      yield* response.body;
    } catch (error) {
      throw failed(error);
    }
  }
  return { isEventStream, body: read() };
}

/** Returns the error of an answer that did not come in time. */
export function timedOut({ endpoint, what }: Pick<CallOptions, 'endpoint' | 'what'>, cause?: unknown): ConnectionError {
  return new ConnectionError('timeout', `${endpoint} did not answer in time (${what})`, { cause });
}

function explainFailure(error: unknown, options: CallOptions): ConnectionError {
  if (error instanceof ConnectionError) return error;
  if (error instanceof Error && /Timeout/.test(error.name)) return timedOut(options, error);
  const { endpoint, what, signal } = options;
  const reason = signal.aborted ? 'the session was closed' : rootMessage(error);
  return new ConnectionError('unreachable', `cannot reach ${endpoint} (${what}): ${reason}`, { cause: error });
}
