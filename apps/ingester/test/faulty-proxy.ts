import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

interface Pair {
  client: Socket;
  server: Socket;
  isStream: boolean;
  isSilent: boolean;
}

/** A TCP proxy before an MCP server, that does what networks and middleboxes do. */
export class FaultyProxy {
  /** Nothing gets through in either direction, and nothing is closed. */
  blackHole = false;
  /** The answer to each request for an event stream, in place of the server's; '' for none at all. */
  streamAnswer: string | undefined;
  /** The same for everything else. */
  answer: string | undefined;
  /** A client that opens a session is cut off. */
  refusesSessions = false;
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  readonly #target: number;
  #port = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  static async before(target: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (typeof address === 'object' && address) proxy.#port = address.port;
    onTestFinished(() => proxy.close());
    return proxy;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  /** Ends the event streams: on both sides, in order, or so that the server does not hear of it. */
  cutStreams(how: 'reset' | 'end' | 'client only'): void {
    for (const pair of this.#streams()) {
      if (how === 'end') {
        pair.client.end();
        pair.server.end();
      } else {
        if (how === 'client only') pair.isSilent = true;
        pair.client.resetAndDestroy();
        if (how === 'reset') pair.server.destroy();
      }
    }
  }

  /** The event streams that are open now carry nothing any more; everything else works. */
  silenceStreams(): void {
    for (const pair of this.#streams()) pair.isSilent = true;
  }

  close(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#server.close();
  }

  #streams(): Pair[] {
    return [...this.#pairs].filter(({ isStream }) => isStream);
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true });
    const pair: Pair = { client, server, isStream: false, isSilent: false };
    this.#pairs.add(pair);
    const isMute = (): boolean => this.blackHole || pair.isSilent;
    client.on('data', (data) => {
      const asks = data.toString('latin1', 0, 4);
      if (asks === 'GET ') pair.isStream = true;
      if (this.refusesSessions && data.includes('"initialize"')) {
        client.destroy();
        return;
      }
      const answer = asks === 'GET ' ? this.streamAnswer : asks === 'POST' ? this.answer : undefined;
      if (answer !== undefined) client.write(answer);
      else if (!isMute()) server.write(data);
    });
    server.on('data', (data) => {
      if (!isMute()) client.write(data);
    });
    client.on('end', () => isMute() || server.end());
    server.on('end', () => isMute() || client.end());
    client.on('error', () => undefined).on('close', () => this.#closed(pair));
    server.on('error', () => undefined).on('close', () => this.#closed(pair));
  }

  #closed(pair: Pair): void {
    if (pair.isSilent && !pair.server.destroyed) return;
    if (this.blackHole) return;
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}

/** A whole HTTP answer. */
export function httpAnswer(status: string, type = 'text/plain', body = ''): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
