import http from 'node:http';
import https from 'node:https';
import { freePort } from './free-port.ts';
import type { Certificate } from './kubernetes/api/certificate.ts';

/**
 * An HTTP(S) server that can be stopped and started again on the same port, as a server that restarts. `stop` closes all
 * open connections.
 */
export class HttpListener {
  readonly #host: string;
  readonly #handler: http.RequestListener;
  readonly #certificate: Certificate | undefined;
  #port: number;
  #server: http.Server | undefined;

  /** @param port 0: a free port */
  constructor(host: string, port: number, handler: http.RequestListener, certificate?: Certificate) {
    this.#host = host;
    this.#port = port;
    this.#handler = handler;
    this.#certificate = certificate;
  }

  /** The port; 0 before the first start if any free port was requested. */
  get port(): number {
    return this.#port;
  }

  get isListening(): boolean {
    return this.#server !== undefined;
  }

  /** Starts to listen. Idempotent. Rejects if the address is in use. */
  async start(): Promise<void> {
    if (this.#server) return;
    const server = this.#certificate
      ? https.createServer(this.#certificate, this.#handler)
      : http.createServer(this.#handler);
    this.#server = server;
    try {
      if (this.#port === 0) this.#port = await freePort(this.#host);
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

  /** Closes the server and its connections. Idempotent. */
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
