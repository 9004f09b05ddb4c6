import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A receiver of the generic webhook. */
export class WebhookReceiver implements AsyncDisposable {
  readonly deliveries: { headers: Record<string, string>; body: string }[] = [];
  /** Status of the next responses, instead of 200. */
  readonly statuses: number[] = [];
  /** While it is set, requests get this status, and are not recorded. */
  outage: number | undefined;
  readonly #server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      if (this.outage === undefined) this.deliveries.push({ headers: textOf(request.headers), body });
      response.writeHead(this.outage ?? this.statuses.shift() ?? 200).end();
    });
  });

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((resolve) => {
      receiver.#server.listen(0, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get url(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function textOf(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
