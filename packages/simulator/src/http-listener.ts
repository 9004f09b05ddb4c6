import http from 'node:http';
import https from 'node:https';
import type { Certificate } from './kubernetes/api/certificate.ts';

/**
 * An HTTP(S) server on one address that can be stopped and started again on the port it got first, as a server that
 * restarts. Stopping cuts every open connection.
 */
export class HttpListener {
  readonly #host: string;
  readonly #handler: http.RequestListener;
  readonly #certificate: Certificate | undefined;
  #port: number;
  #server: http.Server | undefined;

  /** @param port 0 takes a free one. */
  constructor(host: string, port: number, handler: http.RequestListener, certificate?: Certificate) {
    this.#host = host;
    this.#port = port;
    this.#handler = handler;
    this.#certificate = certificate;
  }

  /** The port in use; 0 before the first start when a free one was asked for. */
  get port(): number {
    return this.#port;
  }

  /** Listens; does nothing when it does already. Rejects when the address is taken. */
  async start(): Promise<void> {
    if (this.#server) return;
    const server = this.#certificate
      ? https.createServer(this.#certificate, this.#handler)
      : http.createServer(this.#handler);
    this.#server = server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.#port, this.#host, resolve);
      });
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    const address = server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
  }

  /** Closes the server and all its connections; does nothing when it is not listening. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
