import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { getStreamAsBuffer, MaxBufferError } from 'get-stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import pTimeout from 'p-timeout';
import { request } from 'undici';
import { z } from 'zod';
import { loadCredentials, type Credentials } from './credentials.ts';
import { KubernetesError, reasonOf, type KubernetesErrorCode } from './kubernetes-error.ts';
import { parseRetryAfter, retryDelay } from './retry.ts';

/** How a request may differ from the plain case. */
export interface RequestOptions {
  query?: Record<string, string | number | boolean>;
  accept?: string;
  signal?: AbortSignal;
  /** Milliseconds until the whole answer must be there; default 10,000. */
  timeout?: number;
  /** Longest answer that is taken, in bytes; default 16 MiB. */
  maxBytes?: number;
}

/** The reviews that ask about oneself: they are POSTed, and change nothing. */
export type SelfReview = 'selfsubjectaccessreviews' | 'selfsubjectrulesreviews' | 'selfsubjectreviews';

/** Group and kind of each. */
const REVIEWS: Record<SelfReview, readonly [group: string, kind: string]> = {
  selfsubjectaccessreviews: ['authorization.k8s.io', 'SelfSubjectAccessReview'],
  selfsubjectrulesreviews: ['authorization.k8s.io', 'SelfSubjectRulesReview'],
  selfsubjectreviews: ['authentication.k8s.io', 'SelfSubjectReview'],
};

const DEFAULT_TIMEOUT = 10_000;
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** What the API server says of a failure. */
const Status = z.object({ message: z.string().optional() });

/**
 * Reads from one API server as the user of a kubeconfig. It can send GETs and self-reviews and nothing else, so that
 * whoever holds it cannot change the cluster. Close it, or `await using`, or share it by way of `KubernetesClients`.
 */
export class Kubernetes implements AsyncDisposable {
  readonly #credentials: Credentials;
  readonly #limit: LimitFunction;

  /** @param concurrency requests at once, and so connections */
  constructor(credentials: Credentials, concurrency = Infinity) {
    this.#credentials = credentials;
    this.#limit = pLimit(concurrency);
  }

  /** The API server's address, without credentials. */
  get server(): string {
    return this.#credentials.server.origin;
  }

  /** The namespace of the kubeconfig's context. */
  get namespace(): string {
    return this.#credentials.namespace;
  }

  /** The namespaces that contexts of the same cluster name. */
  get contextNamespaces(): readonly string[] {
    return this.#credentials.contextNamespaces;
  }

  /** GETs an object or a list. Give its type; what comes is not checked. Fields that are null are left out. @throws KubernetesError, or the signal's reason */
  async get<T extends object>(segments: readonly string[], options: RequestOptions = {}): Promise<T> {
    return parseObject<T>(await this.#ask('GET', segments, undefined, options), segments);
  }

  /** GETs text, such as a log. @throws KubernetesError, or the signal's reason */
  async getText(segments: readonly string[], options: RequestOptions = {}): Promise<string> {
    return this.#ask('GET', segments, undefined, options);
  }

  /**
   * GETs text that does not end for a long time, such as a watch, in pieces as they come.
   * @param options `timeout` is that of the whole stream
   * @throws KubernetesError, or the signal's reason
   */
  async *getStream(segments: readonly string[], options: RequestOptions & { timeout: number }): AsyncGenerator<string> {
    const { url, path } = this.#urlOf(segments, options);
    const deadline = AbortSignal.timeout(options.timeout);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    try {
      const { headers, dispatcher } = await pTimeout(this.#credentials.authorize(), { milliseconds: 10_000, signal });
      const response = await request(url, {
        headers: { ...headers, accept: 'application/json', 'user-agent': 'nightcrier' },
        dispatcher,
        signal,
        headersTimeout: 30_000,
        bodyTimeout: 0,
      });
      if (response.statusCode !== 200) {
        const body = await getStreamAsBuffer(response.body, { maxBuffer: DEFAULT_MAX_BYTES });
        throw this.#refusal(response.statusCode, path, body.toString('utf8'));
      }
      yield ''; // The stream is open.
      response.body.setEncoding('utf8');
      for await (const piece of response.body) yield String(piece);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof KubernetesError) throw error;
      if (deadline.aborted) return;
      throw new KubernetesError('unreachable', `cannot reach ${this.server}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Asks who this user is, or what it may do. @throws KubernetesError, or the signal's reason */
  async selfReview<T extends object>(review: SelfReview, spec: object, options: RequestOptions = {}): Promise<T> {
    const [group, kind] = REVIEWS[review];
    const segments = ['apis', group, 'v1', review];
    const body = JSON.stringify({ apiVersion: `${group}/v1`, kind, spec });
    return parseObject<T>(await this.#ask('POST', segments, body, options), segments);
  }

  async close(): Promise<void> {
    await this.#credentials.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ask(
    method: 'GET' | 'POST',
    segments: readonly string[],
    body: string | undefined,
    options: RequestOptions,
  ): Promise<string> {
    return this.#limit(async () => this.#sendAgain(method, segments, body, options));
  }

  /** A server that throttles, or fails now and then, is asked again, as long as the caller's time allows it. */
  async #sendAgain(
    method: 'GET' | 'POST',
    segments: readonly string[],
    body: string | undefined,
    options: RequestOptions,
  ): Promise<string> {
    const { timeout = DEFAULT_TIMEOUT, signal } = options;
    const deadline = performance.now() + timeout;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#send(method, segments, body, options);
      } catch (error) {
        const wait = retryDelay(error, attempt, Math.random());
        if (wait === undefined || performance.now() + wait > deadline) throw error;
        await sleep(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  async #send(
    method: 'GET' | 'POST',
    segments: readonly string[],
    content: string | undefined,
    options: RequestOptions,
  ): Promise<string> {
    const { accept = 'application/json', timeout = DEFAULT_TIMEOUT, maxBytes = DEFAULT_MAX_BYTES } = options;
    const { url, path } = this.#urlOf(segments, options);

    const deadline = AbortSignal.timeout(timeout);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    let isAuthorized = false;
    try {
      // A credential plug-in takes no signal; this stops waiting for it.
      const { headers, dispatcher } = await pTimeout(this.#credentials.authorize(), { milliseconds: Infinity, signal });
      isAuthorized = true;
      const response = await request(url, {
        method,
        headers: {
          ...headers,
          accept,
          'user-agent': 'nightcrier',
          ...(content !== undefined && { 'content-type': 'application/json' }),
        },
        body: content,
        dispatcher,
        signal,
      });
      const body = await getStreamAsBuffer(response.body, { maxBuffer: maxBytes });
      const text = body.toString('utf8');
      if (response.statusCode >= 200 && response.statusCode < 300) return text;
      throw this.#refusal(response.statusCode, path, text, response.headers['retry-after']);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof KubernetesError) throw error;
      if (error instanceof MaxBufferError) {
        throw new KubernetesError('http', `${this.server} answered ${path} with more than ${maxBytes} bytes`);
      }
      if (deadline.aborted && !isAuthorized) throw this.#credentials.tooSlow(timeout);
      if (deadline.aborted) {
        throw new KubernetesError('timeout', `${this.server} did not answer ${method} ${path} within ${timeout} ms`, {
          cause: error,
        });
      }
      throw new KubernetesError('unreachable', `cannot reach ${this.server}: ${reasonOf(error)}`, { cause: error });
    }
  }

  #urlOf(segments: readonly string[], { query = {} }: RequestOptions): { url: URL; path: string } {
    const path = apiPath(segments);
    const url = new URL(this.#credentials.server);
    url.pathname = url.pathname.replace(/\/$/, '') + path;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    return { url, path };
  }

  #refusal(status: number, path: string, body: string, retryAfter?: string | string[]): KubernetesError {
    const code: KubernetesErrorCode = CODE_OF_STATUS[status] ?? 'http';
    const said = messageOf(body);
    const message =
      code === 'credentials'
        ? `${this.server} rejects the kubeconfig's credentials (401${said && `: ${said}`}); renew them`
        : `${this.server} answered ${path} with ${status}${said && `: ${said}`}`;
    return new KubernetesError(code, message, { status, retryAfter: parseRetryAfter(retryAfter, Date.now()) });
  }
}

const CODE_OF_STATUS: Partial<Record<number, KubernetesErrorCode>> = {
  401: 'credentials',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  504: 'timeout',
};

/** Opens the cluster of the kubeconfig's current context; nothing is sent yet. @throws KubernetesError `kubeconfig` */
export async function openKubernetes(
  kubeconfigPath: string,
  { concurrency }: { concurrency?: number } = {},
): Promise<Kubernetes> {
  return new Kubernetes(await loadCredentials(kubeconfigPath), concurrency);
}

/** `/api/v1/…` of its parts. A part that could lead elsewhere is refused, as the API server refuses such names. */
function apiPath(segments: readonly string[]): string {
  const bad = segments.find((segment) => segment === '' || /^\.\.?$|[/%]/.test(segment));
  if (bad !== undefined) throw new KubernetesError('http', `${JSON.stringify(bad)} is not a valid name in an API path`);
  return `/${segments.map((segment) => encodeURIComponent(segment.toWellFormed())).join('/')}`;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it asked for
function parseObject<T extends object>(text: string, segments: readonly string[]): T {
  try {
    const value: T | null = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      dropNulls(value);
      return value;
    }
  } catch {
    // Falls through: what is no JSON is as useless as what is no object.
  }
  throw new KubernetesError('http', `${apiPath(segments)}: the answer is not a JSON object`);
}

/** Go writes an empty list as null: to a reader that is the same as no list. A reviver of `JSON.parse` takes three times as long. */
function dropNulls(object: object): void {
  for (const [name, field] of Object.entries(object)) {
    if (field === null) Reflect.deleteProperty(object, name);
    else if (typeof field === 'object') dropNulls(field);
  }
}

function messageOf(body: string): string {
  try {
    return startWithoutSecrets(Status.parse(JSON.parse(body)).message ?? '', 500);
  } catch {
    return startWithoutSecrets(body.trim().split('\n')[0] ?? '', 200);
  }
}
