import { readFile } from 'node:fs/promises';
import { OutgoingDispatcher } from '@nightcrier/cluster/outgoing/dispatcher';
import type { MonitoringConfig } from '@nightcrier/core/clusters/cluster-config';
import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import getStream, { MaxBufferError } from 'get-stream';
import { request } from 'undici';

/** Why a server did not give what was asked for. */
export type MonitoringFailure = 'credentials' | 'unreachable' | 'timeout' | 'http';

/** A failed request to a Prometheus or Alertmanager. The message names the server and the cause. */
export class MonitoringError extends Error {
  override readonly name = 'MonitoringError';
  readonly code: MonitoringFailure;

  constructor(code: MonitoringFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Longest answer that is read, in characters. */
const LONGEST_ANSWER = 4_000_000;
const EXCERPT = 300;

export interface MonitoringClientOptions {
  access: Pick<
    MonitoringConfig,
    'bearer_token' | 'bearer_token_file' | 'username' | 'password' | 'password_file' | 'ca_file'
  >;
  /** Longest time for one request, ms. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

/** Reads from Prometheus and Alertmanager with the credentials of the configuration. Sends GETs alone, and follows no redirect. */
export class MonitoringClient implements AsyncDisposable {
  readonly #options: MonitoringClientOptions;
  #dispatcher: OutgoingDispatcher | undefined;

  constructor(options: MonitoringClientOptions) {
    this.#options = options;
  }

  /** @throws MonitoringError, or the signal's reason */
  async getJson(base: string, path: string, query: readonly (readonly [string, string])[]): Promise<unknown> {
    const { timeout, signal: stop } = this.#options;
    const url = new URL(`${base.replace(/\/+$/, '')}${path}`);
    for (const [name, value] of query) url.searchParams.append(name, value);
    const deadline = AbortSignal.timeout(timeout);
    const signal = stop ? AbortSignal.any([stop, deadline]) : deadline;
    try {
      const [headers, dispatcher] = await Promise.all([this.#headers(), this.#dispatcherOf()]);
      const response = await request(url, { headers, dispatcher, signal });
      const text = await getStream(response.body, { maxBuffer: LONGEST_ANSWER });
      const { statusCode: status } = response;
      if (status === 401 || status === 403) throw refused(base, status, text, 'credentials');
      if (status < 200 || status >= 300) throw refused(base, status, text, 'http');
      return JSON.parse(text) as unknown;
    } catch (error) {
      stop?.throwIfAborted();
      if (error instanceof MonitoringError) throw error;
      if (error instanceof MaxBufferError)
        throw new MonitoringError('http', `${base} answered with more than ${LONGEST_ANSWER} characters`);
      if (error instanceof SyntaxError)
        throw new MonitoringError('http', `${base} answered with text that is not JSON`);
      if (deadline.aborted)
        throw new MonitoringError('timeout', `${base} did not answer within ${timeout} ms`, { cause: error });
      throw new MonitoringError('unreachable', `${base} is unreachable: ${reasonOf(error)}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher?.destroy();
  }

  async #headers(): Promise<Record<string, string>> {
    const { bearer_token, bearer_token_file, username, password, password_file } = this.#options.access;
    const headers = { accept: 'application/json', 'user-agent': 'nightcrier' };
    const token = await readSecret(bearer_token, bearer_token_file);
    if (token) return { ...headers, authorization: `Bearer ${token.reveal()}` };
    const secret = await readSecret(password, password_file);
    if (!secret || username === undefined) return headers;
    const credentials = Buffer.from(`${username}:${secret.reveal()}`).toString('base64');
    return { ...headers, authorization: `Basic ${credentials}` };
  }

  async #dispatcherOf(): Promise<OutgoingDispatcher> {
    const { ca_file } = this.#options.access;
    const ca = ca_file === undefined ? undefined : await readFile(ca_file, 'utf8');
    this.#dispatcher ??= new OutgoingDispatcher({ ...(ca !== undefined && { connect: { ca } }) });
    return this.#dispatcher;
  }
}

function refused(base: string, status: number, text: string, code: MonitoringFailure): MonitoringError {
  // It becomes evidence, which the agent and its model read.
  const excerpt = startWithoutSecrets(text, 1_000).replaceAll(/\s+/g, ' ').slice(0, EXCERPT);
  return new MonitoringError(code, `${base} answered ${status}${excerpt === '' ? '' : `: ${excerpt}`}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error.cause instanceof Error ? error.cause.message : error.name);
}
