import { startLoopTimeout } from '@nightcrier/core/async/loop-timeout';
import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, errors } from 'undici';
import { AnswerBody } from './answer-body.ts';

/** An HTTP answer. */
export interface HttpAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: AnswerBody;
}

export interface ExchangeOptions {
  method: 'GET' | 'POST' | 'DELETE';
  headers?: Record<string, string>;
  body?: string | null;
  dispatcher: Dispatcher;
  /** Ends the exchange. */
  signal?: AbortSignal | null;
  /** Until the whole answer must be there, ms; without it, the timeouts of the dispatcher apply. */
  timeout?: number;
  /** Until its headers must be there, ms, if it has no end. */
  headersTimeout?: number;
}

/** Sends a request. @throws errors of the network as undici throws them, or the signal's reason */
export async function exchange(url: URL, options: ExchangeOptions): Promise<HttpAnswer> {
  const { method, headers = {}, body = null, dispatcher, signal, timeout, headersTimeout } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const handler = new Exchange({ signal, timeout, resolve, reject });
  dispatcher.dispatch(
    {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body,
      ...(timeout !== undefined && { headersTimeout: 0, bodyTimeout: 0 }),
      ...(headersTimeout !== undefined && { headersTimeout, bodyTimeout: 0 }),
    },
    handler,
  );
  return promise;
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #timeout: { cancel: () => void } | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #body: AnswerBody | undefined;
  /** Why it ended early. */
  #reason: Error | undefined;

  constructor(options: {
    signal: AbortSignal | null | undefined;
    timeout: number | undefined;
    resolve: (answer: HttpAnswer) => void;
    reject: (error: Error) => void;
  }) {
    const { signal, timeout, resolve, reject } = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal ?? undefined;
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeout !== undefined) {
      this.#timeout = startLoopTimeout(timeout, () => this.#abort(new errors.BodyTimeoutError()));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#reason) controller.abort(this.#reason);
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number, headers: IncomingHttpHeaders): void {
    if (statusCode < 200) return;
    this.#body = new AnswerBody(controller);
    this.#resolve({ statusCode, headers, body: this.#body });
  }

  onResponseData(_: Dispatcher.DispatchController, piece: Buffer): void {
    this.#body?.push(piece);
  }

  onResponseEnd(): void {
    this.#end();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#end(this.#reason ?? error);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason;
    this.#abort(reason instanceof Error ? reason : new errors.RequestAbortedError());
  };

  /** A request that waits for its connection ends at once too. */
  #abort(reason: Error): void {
    this.#reason = reason;
    if (this.#controller) this.#controller.abort(reason);
    else this.#end(reason);
  }

  #end(error?: Error): void {
    this.#timeout?.cancel();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#body?.end(error);
    if (error) this.#reject(error);
  }
}
