import { createParser } from 'eventsource-parser';
import type { Dispatcher } from 'undici';
import { setImmediate } from 'node:timers/promises';
import { ConnectionError, httpStatusError, rootMessage } from '../connection-error.ts';
import { requestSameOrigin } from './same-origin-request.ts';

export interface SseStreamOptions {
  endpoint: string;
  headers: Record<string, string>;
  dispatcher: Dispatcher;
  /** Closes the stream. */
  signal: AbortSignal;
  /** Deadline for the response headers, ms. */
  openTimeout: number;
  /** Largest event, in characters. */
  maxEventSize: number;
  /** Receives each JSON value. */
  onMessage: (message: unknown) => void;
  onUnreadable: (problem: string) => void;
}

/** A busy stream yields to the other clusters after this time, ms. */
const SLICE_MS = 10;

/**
 * Opens a session's event stream, which carries the notifications.
 *
 * The SDK's own stream hides its failures: it reopens a dropped stream after the server has cancelled the subscription.
 * Here every end is reported, and the session ends with its stream.
 * @returns once the server has opened the stream; `ended` resolves with the reason when it is over
 * @throws ConnectionError when the server refuses the stream
 */
export async function openSseStream(options: SseStreamOptions): Promise<{ ended: Promise<ConnectionError> }> {
  const { endpoint } = options;
  const response = await requestSameOrigin(endpoint, {
    method: 'GET',
    headers: { ...options.headers, accept: 'text/event-stream' },
    dispatcher: options.dispatcher,
    signal: options.signal,
    headersTimeout: options.openTimeout,
  }).catch((error: unknown) => {
    if (error instanceof ConnectionError) throw error;
    throw new ConnectionError('stream_refused', `${endpoint}: event stream: ${rootMessage(error)}`, { cause: error });
  });
  const contentType = response.headers['content-type'] ?? 'no content type';
  if (response.statusCode !== 200 || !/^text\/event-stream\b/i.test(contentType)) {
    response.body.destroy();
    if (response.statusCode !== 200) throw httpStatusError(response.statusCode, 'event stream', endpoint);
    throw new ConnectionError(
      'stream_refused',
      `${endpoint}: event stream: expected text/event-stream, got ${contentType}; check mcp.endpoint and any proxy before it`,
    );
  }
  return { ended: readEvents(response.body, options) };
}

/** Reads until the stream ends, and returns why. Never rejects. */
async function readEvents(body: AsyncIterable<Uint8Array>, options: SseStreamOptions): Promise<ConnectionError> {
  const { endpoint, maxEventSize } = options;
  const tooBig = new ConnectionError(
    'event_too_big',
    `${endpoint} sent an event of more than ${maxEventSize} characters`,
  );
  const decoder = new TextDecoder();
  let overflow = false;
  const parser = createParser({
    maxBufferSize: maxEventSize,
    onEvent: ({ data, event }) => {
      if (data === '' || (event !== undefined && event !== 'message')) return;
      let message: unknown;
      try {
        message = JSON.parse(data);
      } catch (error) {
        options.onUnreadable(`event is not JSON: ${rootMessage(error)}`);
        return;
      }
      options.onMessage(message);
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') overflow = true;
    },
  });
  try {
    let sliceStartedAt = performance.now();
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (overflow) return tooBig;
      if (performance.now() - sliceStartedAt < SLICE_MS) continue;
      await setImmediate();
      sliceStartedAt = performance.now();
    }
    return new ConnectionError('stream_lost', `${endpoint} ended the event stream`);
  } catch (error) {
    return new ConnectionError('stream_lost', `${endpoint}: event stream broke: ${rootMessage(error)}`, {
      cause: error,
    });
  }
}
