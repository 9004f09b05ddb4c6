import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** A provider whose stream has these events, or texts, and then stays open. */
export class UnendingStream implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(events: readonly unknown[]): Promise<UnendingStream> {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events) {
        response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return new UnendingStream(server, address.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
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
