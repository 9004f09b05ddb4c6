import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

async function listen(handle: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

/** A provider, or what stands in front of it, that answers every request with the same text. */
export class AnsweringProvider implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(status: number, type: string, text: string): Promise<AnsweringProvider> {
    const { server, url } = await listen((request, response) => {
      request.resume();
      response.writeHead(status, { 'content-type': type, location: 'http://127.0.0.1:1/' }).end(text);
    });
    return new AnsweringProvider(server, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await close(this.#server);
  }
}

/** Returns the text of a stream with these events. */
export function events(...all: readonly unknown[]): string {
  return all.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
}

/** A provider whose stream has these events, or texts, and then stays open. */
export class UnendingStream implements AsyncDisposable {
  readonly url: string;
  /** Resolves at the first request. */
  readonly asked: Promise<void>;
  readonly #server: Server;

  private constructor(server: Server, url: string, asked: Promise<void>) {
    this.#server = server;
    this.url = url;
    this.asked = asked;
  }

  /** @param begin `silent`: it does not even answer with headers */
  static async start(sent: readonly unknown[], begin: 'answers' | 'silent' = 'answers'): Promise<UnendingStream> {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { server, url } = await listen((request, response) => {
      request.resume();
      resolve();
      if (begin === 'silent') return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of sent) response.write(events(event));
    });
    return new UnendingStream(server, url, asked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await close(this.#server);
  }
}

/** Reads an answer until it contains the text, then closes the connection. */
export async function readUntil(answer: Response, text: string): Promise<void> {
  if (!answer.body) throw new Error('the answer has no body');
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  for (let received = ''; !received.includes(text);) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the answer ended without ${text}: ${received}`);
    received += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
}
