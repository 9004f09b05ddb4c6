import type { Dispatcher } from 'undici';
import { ConnectionError } from '../connection-error.ts';
import { requestSameOrigin } from './same-origin-request.ts';

/** A list of the pods of a large cluster has some ten megabytes. */
const MAX_BODY_BYTES = 64 << 20;

/** Statuses of responses without a body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * Returns the part of `fetch` that the MCP SDK needs, over the shared transport: POST with a text body. A longer answer
 * than `maxBytes` fails while it is read, so that no server can exhaust memory.
 */
export function boundedFetch(dispatcher: Dispatcher, maxBytes = MAX_BODY_BYTES) {
  return async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const answer = await requestSameOrigin(url, {
      method: init.method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? init.body : null,
      signal: init.signal ?? null,
      dispatcher,
    });
    const { statusCode: status } = answer;
    const headers = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
      [value ?? []].flat().map((one) => [name, one]),
    );
    if (WITHOUT_BODY.has(status)) {
      await answer.body.drop();
      return new Response(null, { status, headers });
    }
    const body = bounded(answer.body, maxBytes);
    const isStream = String(answer.headers['content-type']).toLowerCase().startsWith('text/event-stream');
    return new Response(isStream ? ReadableStream.from(body) : await wholeOf(body), { status, headers });
  };
}

/** Does what `buffer` of `node:stream/consumers` does, without its copy through a Blob. */
async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* bounded(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new ConnectionError('too_big', `the answer is larger than ${maxBytes} bytes`);
    yield chunk;
  }
}
