import type { SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import getPort from 'get-port';

/**
 * The Kubernetes API of a cluster behind a gate: what is asked about permissions passes, every read waits until the gate is
 * opened, or breaks when the cluster goes away.
 */
export class GatedApi implements AsyncDisposable {
  readonly #cluster: SimulatedCluster;
  readonly #server: Server;
  readonly #port: number;
  readonly #gate = Promise.withResolvers<'open' | 'away'>();

  private constructor(cluster: SimulatedCluster, port: number) {
    this.#cluster = cluster;
    this.#port = port;
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static async start(cluster: SimulatedCluster): Promise<GatedApi> {
    const api = new GatedApi(cluster, await getPort());
    api.#server.listen(api.#port, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  /** With which one reaches the cluster through the gate. */
  get kubeconfig(): string {
    return this.#cluster.kubeconfig().replace(this.#cluster.kubernetesUrl, `http://127.0.0.1:${this.#port}`);
  }

  open(): void {
    this.#gate.resolve('open');
  }

  goAway(): void {
    this.#gate.resolve('away');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goAway();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    if (method === 'GET' && (await this.#gate.promise) === 'away') throw new Error('the cluster is away');
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
