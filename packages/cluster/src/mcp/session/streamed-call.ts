import type { Dispatcher } from 'undici';
import { ConnectionError, httpStatusError, rootMessage } from './connection-error.ts';
import { requestSameOrigin } from './same-origin-request.ts';

/** An answer whose body is read as it comes. Leaving the loop over it ends the answer. */
export interface StreamedAnswer {
  /** Whether the JSON-RPC message comes in an event stream. */
  isEventStream: boolean;
  /** @throws ConnectionError for what happens on the way */
  body: AsyncIterable<Uint8Array>;
}

export interface StreamedCallOptions {
  endpoint: string;
  headers: Record<string, string>;
  dispatcher: Dispatcher;
  /** Ends the call. */
  signal: AbortSignal;
  tool: string;
  args: Record<string, unknown>;
  /** What each request of the protocol carries about the client, where there is no session that knows it. */
  meta?: Record<string, unknown> | undefined;
  /** Until the whole answer must be there, ms. */
  timeout: number;
}

/** What follows an answer that has been read is waited for this long, ms, and is at most this much. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 64 << 10;

let lastId = 0;

/**
 * Calls a tool whose answer may be large, beside the SDK: that one reads an answer into memory and parses it at once.
 * @throws ConnectionError
 */
export async function callStreamed(options: StreamedCallOptions): Promise<StreamedAnswer> {
  const { endpoint, headers, dispatcher, signal, tool, args, meta, timeout } = options;
  const deadline = performance.now() + timeout;
  lastId += 1;
  // The SDK counts its own requests.
  const params = { name: tool, arguments: args, ...(meta && { _meta: meta }) };
  const call = { jsonrpc: '2.0', id: `list-${lastId}`, method: 'tools/call', params };
  const timedOut = (cause: unknown): ConnectionError =>
    new ConnectionError('timeout', `${endpoint} did not answer in time (${tool})`, { cause });
  const failed = (error: unknown): ConnectionError => {
    if (error instanceof ConnectionError) return error;
    if (error instanceof Error && /Timeout/.test(error.name)) return timedOut(error);
    const reason = signal.aborted ? 'the session was closed' : rootMessage(error);
    return new ConnectionError('unreachable', `cannot reach ${endpoint} (${tool}): ${reason}`, { cause: error });
  };
  const response = await requestSameOrigin(endpoint, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify(call),
    dispatcher,
    signal,
    headersTimeout: timeout,
    bodyTimeout: timeout,
  }).catch((error: unknown) => {
    throw failed(error);
  });
  const type = String(response.headers['content-type'] ?? 'no content type').toLowerCase();
  const isEventStream = type.startsWith('text/event-stream');
  if (response.statusCode !== 200 || (!isEventStream && !type.startsWith('application/json'))) {
    response.body.on('error', () => undefined).destroy();
    if (response.statusCode !== 200) throw httpStatusError(response.statusCode, tool, endpoint);
    throw new ConnectionError(
      'protocol',
      `${endpoint}: the answer is not MCP (${tool}): ${type}; check mcp.endpoint and any proxy before it`,
    );
  }
  async function* read(): AsyncGenerator<Uint8Array> {
    const pieces = (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    let isOver = false;
    try {
      for (;;) {
        const { done, value } = await pieces.next();
        isOver = done === true;
        if (isOver) return;
        if (performance.now() > deadline) throw timedOut(undefined);
        yield value;
      }
    } catch (error) {
      isOver = true;
      response.body.destroy();
      throw failed(error);
    } finally {
      if (!isOver) void readToEnd(pieces, response.body);
    }
  }
  return { isEventStream, body: read() };
}

/** Reads what follows the answer, if it is little and comes soon: then the connection serves the next request. Never rejects. */
async function readToEnd(pieces: AsyncIterator<Uint8Array>, body: { destroy: () => void }): Promise<void> {
  const giveUp = setTimeout(() => body.destroy(), LINGER_MS);
  try {
    for (let bytes = 0; bytes < LINGER_BYTES;) {
      const { done, value } = await pieces.next();
      if (done) return;
      bytes += value.byteLength;
    }
    body.destroy();
  } catch {
    // The connection is lost, and with it nothing that is still needed.
  } finally {
    clearTimeout(giveUp);
  }
}
