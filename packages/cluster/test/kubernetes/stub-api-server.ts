import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';

/** One request that reached the server. */
export interface Received {
  method: string;
  path: string;
  authorization: string | undefined;
  accept: string | undefined;
  headers: IncomingMessage['headers'];
  /** Of a self-review sent as JSON; empty otherwise. */
  review: Review;
}

interface Review {
  spec?: {
    namespace?: string;
    resourceAttributes?: { namespace?: string; verb?: string; resource: string; subresource?: string };
  };
}

/** What the server answers: status and body, or nothing at all. */
export type Answer = { status?: number; headers?: Record<string, string>; body: unknown } | 'silence';

/** A real HTTP server that answers as it is told, for answers that no healthy cluster gives. */
export interface StubApiServer extends AsyncDisposable {
  url: string;
  received: Received[];
  /** A fresh folder, removed with the server. */
  folder: string;
  /** Stops listening and cuts all connections. */
  stop(): void;
  /** Writes a kubeconfig for this server, `user` as given, and returns its path. */
  kubeconfig(user?: object, context?: object): Promise<string>;
}

export async function startStubApiServer(answer: (request: Received) => Answer): Promise<StubApiServer> {
  const received: Received[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const it = await readRequest(request);
    received.push(it);
    const answered = answer(it);
    if (answered === 'silence') return;
    const body = typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body);
    response.writeHead(answered.status ?? 200, { 'content-type': 'application/json', ...answered.headers }).end(body);
  };
  const server = createServer((request, response) => {
    void serve(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-kubernetes-'));
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return {
    url,
    received,
    folder,
    stop,
    async kubeconfig(user = { token: 'the-token' }, context = {}) {
      const file = path.join(folder, 'kubeconfig.yaml');
      const content = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'main',
        contexts: [{ name: 'main', context: { cluster: 'stub', user: 'reader', ...context } }],
        clusters: [{ name: 'stub', cluster: { server: url } }],
        users: [{ name: 'reader', user }],
      };
      await writeFile(file, stringify(content));
      return file;
    },
    async [Symbol.asyncDispose]() {
      stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<Received> {
  const { method = '', url = '', headers } = request;
  const body = await text(request);
  // kubectl sends protobuf.
  const review: Review = headers['content-type'] === 'application/json' ? JSON.parse(body) : {};
  return { method, path: url, authorization: headers.authorization, accept: headers.accept, headers, review };
}
