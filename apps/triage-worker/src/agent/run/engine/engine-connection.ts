import type { Duplex, Readable } from 'node:stream';
import { Agent, type Dispatcher, request, upgrade } from 'undici';
import { z } from 'zod';
import type { EngineEndpoint } from './engine-endpoint.ts';
import { EngineError } from './engine-error.ts';

/** Milliseconds. The engine may be busy, but a call that takes longer means that it hangs. */
const CONNECT_TIMEOUT_MS = 5_000;
const CALL_TIMEOUT_MS = 30_000;
/** Characters of the engine's words in an error. */
const LONGEST_MESSAGE = 500;

const Message = z.object({ message: z.string() });

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

interface Call {
  query?: Record<string, string>;
  body?: object | Buffer;
  signal?: AbortSignal | undefined;
}

/** HTTP with a container engine. Every call is bounded in time; every failure is an {@link EngineError}. */
export class EngineConnection {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(endpoint: EngineEndpoint) {
    const isSocket = endpoint.kind === 'socket';
    const { verify = true, ...files } = (!isSocket && endpoint.tls) || {};
    const place = isSocket ? { socketPath: endpoint.path } : { ...files, rejectUnauthorized: verify };
    const connect = { timeout: CONNECT_TIMEOUT_MS, ...place };
    this.#origin = isSocket ? 'http://engine' : endpoint.origin;
    this.#agent = new Agent({ bodyTimeout: 0, headersTimeout: CALL_TIMEOUT_MS, connect });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async json(method: Method, path: string, call: Call): Promise<unknown> {
    return JSON.parse(await this.text(method, path, call));
  }

  async text(method: Method, path: string, call: Call): Promise<string> {
    return this.#send(method, path, { ...call, bound: bounded(call.signal) }, async ({ body }) => body.text());
  }

  /** Returns a header of the answer; undefined without it. */
  async header(name: string, path: string, call: Call): Promise<string | undefined> {
    return this.#send('HEAD', path, { ...call, bound: bounded(call.signal) }, async ({ headers, body }) => {
      await body.dump();
      return headers[name]?.toString();
    });
  }

  /** The body streams as long as it likes; the headers are due in time. */
  async stream(path: string, call: Call): Promise<Readable> {
    return this.#send('GET', path, { ...call, bound: call.signal }, async ({ body }) => body);
  }

  /** Returns the connection of a call, which is no HTTP any more. */
  async upgrade(path: string, query: string, signal?: AbortSignal): Promise<Duplex> {
    try {
      const { socket } = await upgrade(`${this.#origin}${path}?${query}`, {
        dispatcher: this.#agent,
        method: 'POST',
        protocol: 'tcp',
        signal: bounded(signal),
      });
      return socket;
    } catch (error) {
      signal?.throwIfAborted();
      throw asEngineError(error, `POST ${path}`);
    }
  }

  async #send<Result>(
    method: Method,
    path: string,
    { query = {}, body, signal, bound }: Call & { bound: AbortSignal | undefined },
    read: (answer: Dispatcher.ResponseData) => Promise<Result>,
  ): Promise<Result> {
    const isArchive = Buffer.isBuffer(body);
    try {
      const answer = await request(`${this.#origin}${path}?${new URLSearchParams(query).toString()}`, {
        method,
        dispatcher: this.#agent,
        signal: bound,
        ...(body !== undefined && {
          headers: { 'content-type': isArchive ? 'application/x-tar' : 'application/json' },
          body: isArchive ? body : JSON.stringify(body),
        }),
      });
      const { statusCode } = answer;
      if (statusCode < 300 || statusCode === 304) return await read(answer);
      const failure = statusCode === 404 ? 'not_found' : statusCode === 409 ? 'conflict' : 'refused';
      throw new EngineError(failure, messageIn(await answer.body.text()) || `status ${statusCode}`);
    } catch (error) {
      signal?.throwIfAborted();
      throw asEngineError(error, `${method} ${path}`);
    }
  }
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Returns the engine's words, of JSON or another text. */
function messageIn(text: string): string {
  let message = text;
  try {
    message = Message.parse(JSON.parse(text)).message;
  } catch {
    // It is not the engine's JSON; its text says more than nothing.
  }
  return message.trim().slice(0, LONGEST_MESSAGE);
}

function asEngineError(error: unknown, call: string): EngineError {
  if (error instanceof EngineError) return error;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const timedOut = name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT';
  const failure = timedOut ? 'timed_out' : 'unreachable';
  return new EngineError(failure, `the engine does not answer (${call}): ${message || code}`, { cause: error });
}
