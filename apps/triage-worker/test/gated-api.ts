import type { SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { freePort } from '@nightcrier/simulator/free-port';

/**
 * A proxy to the Kubernetes API of a cluster: permission checks pass, with their list of namespaces; every other read waits until the gate is opened, or fails when
 * the cluster becomes unreachable.
 */
export class GatedApi implements AsyncDisposable {
  readonly #cluster: SimulatedCluster;
  readonly #server: Server;
  readonly #port: number;
  readonly #gate = Promise.withResolvers<'open' | 'unreachable'>();

  private constructor(cluster: SimulatedCluster, port: number) {
    this.#cluster = cluster;
    this.#port = port;
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static async start(cluster: SimulatedCluster): Promise<GatedApi> {
    const api = new GatedApi(cluster, await freePort());
    api.#server.listen(api.#port, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  /** A kubeconfig for the cluster through the gate. */
  get kubeconfig(): string {
    return this.#cluster.kubeconfig().replace(this.#cluster.kubernetesUrl, `http://127.0.0.1:${this.#port}`);
  }

  open(): void {
    this.#gate.resolve('open');
  }

  disconnect(): void {
    this.#gate.resolve('unreachable');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const isRead = method === 'GET' && url.split('?')[0] !== '/api/v1/namespaces';
    if (isRead && (await this.#gate.promise) === 'unreachable') throw new Error('the cluster is unreachable');
    const { authorization = '', accept = '', 'content-type': type = '' } = headers;
    const answer = await fetch(this.#cluster.kubernetesUrl + url, {
      method,
      headers: { authorization, accept, ...(type && { 'content-type': type }) },
      ...(method === 'GET' ? {} : { body: await buffer(request) }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(await answer.bytes());
  }
}
