import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { ConnectionError } from '../connection-error.ts';
import { type Call, callStreamed, type CallOptions } from './streamed-call.ts';

/** Longest answer, bytes. Lists of large clusters are read by `readList`, as they come. */
const MAX_BODY_BYTES = 64 << 20;

const Answer = z.union([
  z.object({ id: z.string(), result: z.unknown() }),
  z.object({ id: z.string().nullish(), error: z.object({ message: z.string() }) }),
]);

export interface WholeCallOptions extends CallOptions {
  /** Receives each other message that comes before the answer. */
  onMessage: (message: unknown) => void;
  maxBytes?: number;
}

/**
 * Sends a request and reads its answer.
 * @returns the result
 * @throws ConnectionError
 */
export async function callWhole(call: Call, options: WholeCallOptions): Promise<unknown> {
  const { isEventStream, body } = await callStreamed(call, options);
  const answer = await (isEventStream ? readEvents(body, call, options) : readJson(body, options));
  return resultOf(answer, call, options);
}

function resultOf(answer: unknown, call: Call, { endpoint, what }: CallOptions): unknown {
  const parsed = Answer.safeParse(answer);
  if (!parsed.success || ('result' in parsed.data && parsed.data.id !== call.id)) throw notMcp(endpoint, what);
  if ('error' in parsed.data) {
    throw new ConnectionError('tool_failed', `${endpoint}: ${what}: ${parsed.data.error.message}`);
  }
  return parsed.data.result;
}

async function readJson(body: AsyncIterable<Uint8Array>, options: WholeCallOptions): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bounded(body, options)) pieces.push(piece);
  const [first = Buffer.alloc(0)] = pieces;
  const whole = pieces.length > 1 ? Buffer.concat(pieces) : Buffer.from(first.buffer, first.byteOffset, first.length);
  return parseJson(whole.toString('utf8'), options);
}

/** Some servers leave the stream open after the answer. */
async function readEvents(body: AsyncIterable<Uint8Array>, call: Call, options: WholeCallOptions): Promise<unknown> {
  const { maxBytes = MAX_BODY_BYTES, onMessage } = options;
  const decoder = new TextDecoder();
  let answer: unknown;
  const parser = createParser({
    maxBufferSize: maxBytes,
    onEvent: ({ data }) => {
      if (data === '') return;
      const message = parseJson(data, options);
      if (isAnswerTo(message, call)) answer = message;
      else onMessage(message);
    },
  });
  for await (const piece of bounded(body, options)) {
    parser.feed(decoder.decode(piece, { stream: true }));
    if (answer !== undefined) return answer;
  }
  throw new ConnectionError(
    'protocol',
    `${options.endpoint} ended the event stream without an answer (${options.what})`,
  );
}

function isAnswerTo(message: unknown, { id }: Call): boolean {
  return (
    typeof message === 'object' && message !== null && 'id' in message && message.id === id && !('method' in message)
  );
}

async function* bounded(body: AsyncIterable<Uint8Array>, options: WholeCallOptions): AsyncGenerator<Uint8Array> {
  const { maxBytes = MAX_BODY_BYTES } = options;
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw new ConnectionError('too_big', `the answer is larger than ${maxBytes} bytes`);
    yield piece;
  }
}

function parseJson(text: string, { endpoint, what }: CallOptions): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notMcp(endpoint, what, error);
  }
}

function notMcp(endpoint: string, what: string, cause?: unknown): ConnectionError {
  const message = `${endpoint}: the answer is not MCP (${what}); check mcp.endpoint and any proxy before it`;
  return new ConnectionError('protocol', message, { cause });
}
