import { cannotListen } from '@nightcrier/runtime/metrics/cannot-listen';
import { PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { failureBody } from '@nightcrier/runtime/http/failure-body';
import { assertPlainBody, HttpError, httpError, refusedByFramework } from '@nightcrier/runtime/http/http-error';
import { assertOneHost } from '@nightcrier/runtime/http/one-host';
import { SECURITY_HEADERS } from '@nightcrier/runtime/http/security-headers';
import { answerUnparsed, answerUnrouted } from '@nightcrier/runtime/http/unrouted';
import { WrongKeys } from '@nightcrier/runtime/http/wrong-keys';
import { parseAlerts, type ParsedAlerts } from '@nightcrier/core/alerts/parse-alerts';
import type { Logger } from '@nightcrier/core/logger';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import pLimit from 'p-limit';
import { type AlertSettings, isAuthorized } from './access.ts';

export interface AlertReceiverOptions {
  /** Called for each request: the configuration can change. */
  settings: () => AlertSettings;
  /** Resolves when the alerts are admitted; rejects while Redis is unreachable. */
  receive: (parsed: ParsedAlerts, cluster?: string) => Promise<void>;
  /** Rejects while alerts cannot be admitted. */
  ready: () => Promise<unknown>;
  logger: Logger;
  now?: () => number;
}

/** Requests that are handled at once, and those that may wait. */
const CONCURRENCY = 4;
const MOST_WAITING = 60;
/** Prometheus waits for 10 s. */
const HANDLER_TIMEOUT_MS = 9_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Senders that got no answer send again after this time, seconds. */
const RETRY_AFTER = '5';
const LOG_INTERVAL_MS = 60_000;
/** Statuses of requests that are refused for what they contain. */
const MALFORMED = new Set([400, 413, 414, 415]);

/**
 * The port on which alerts arrive: of Prometheus as if this were an Alertmanager, and of Alertmanager's webhook receiver. It
 * answers with 2xx once the alerts are admitted. Answers with 5xx are sent again by both, and only these: so what cannot be
 * handled now gets a 503, never a 429, which Alertmanager takes for an end; and what never can be gets a 4xx.
 */
export class AlertReceiver {
  readonly #options: AlertReceiverOptions;
  readonly #app: FastifyInstance;
  readonly #limit = pLimit(CONCURRENCY);
  readonly #now: () => number;
  readonly #loggedAt = new Map<string, number>();
  readonly #wrongKeys = new WrongKeys();

  constructor(options: AlertReceiverOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#app = this.#routes();
  }

  /** @returns the address. @throws Error when it is in use */
  async start(): Promise<string> {
    const { host, port = 0 } = this.#options.settings();
    try {
      const url = await this.#app.listen({ host, port });
      this.#options.logger.info({ url }, 'alert receiver started');
      return url;
    } catch (cause) {
      throw cannotListen({ what: 'alerts cannot be received', setting: 'alerts', host, port }, cause);
    }
  }

  /** Finishes the requests that have begun. */
  async stop(): Promise<void> {
    await this.#app.close();
  }

  #routes(): FastifyInstance {
    const app: FastifyInstance = fastify({
      // Node would answer a request without a Host header in its own form.
      http: { requireHostHeader: false },
      bodyLimit: this.#options.settings().max_body_bytes,
      forceCloseConnections: 'idle',
      handlerTimeout: HANDLER_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      onProtoPoisoning: 'remove',
      onConstructorPoisoning: 'remove',
      frameworkErrors: (error, request, reply) => answerFrameworkError(error, request, reply),
      clientErrorHandler: answerUnparsed,
    });
    answerUnrouted(app.server);
    // A web page may send text without asking this server first.
    app.removeContentTypeParser('text/plain');
    app.addHook('onRequest', async (request, reply) => {
      void reply.headers(SECURITY_HEADERS);
      assertOneHost(request.raw);
      await this.#authorize(request, reply);
      assertPlainBody(request.headers);
    });
    app.setErrorHandler((error, request, reply) => this.#answerError(error, request, reply));
    app.setNotFoundHandler(({ method, url }) => {
      throw httpError('not_found', `no such route: ${method} ${url.split('?', 1)[0]}`);
    });
    app.get('/-/healthy', () => ({ status: 'ok' }));
    app.get('/-/ready', async () => {
      await this.#options.ready();
      return { status: 'ok' };
    });
    for (const prefix of ['', '/clusters/:cluster']) {
      for (const path of ['/api/v2/alerts', '/webhook']) {
        app.post<{ Params: { cluster?: string } }>(`${prefix}${path}`, async (request, reply) =>
          this.#receive(request.body, request.params.cluster, reply),
        );
      }
    }
    return app;
  }

  /** @throws HttpError */
  async #authorize({ method, headers, ip }: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (method === 'GET' || method === 'HEAD') return;
    if (headers.origin !== undefined) throw httpError('origin_not_allowed', 'requests of web pages are not allowed');
    if (await isAuthorized(this.#options.settings(), headers.authorization)) return;
    const wait = headers.authorization === undefined ? 0 : this.#wrongKeys.record(ip, this.#now());
    if (wait > 0) {
      void reply.header('retry-after', wait);
      throw httpError('too_many_wrong_keys', `${ip} sent too many wrong keys; wait ${wait} s`);
    }
    void reply.header('www-authenticate', 'Bearer, Basic realm="alerts"');
    throw httpError('unauthorized', 'send alerts.access_key as a Bearer token, or alerts.username and alerts.password');
  }

  async #receive(body: unknown, cluster: string | undefined, reply: FastifyReply): Promise<unknown> {
    const { receive } = this.#options;
    if (this.#limit.pendingCount >= MOST_WAITING) throw httpError('unavailable', 'too many requests at once');
    const parsed = await parseAlerts(body, this.#now());
    if (!parsed) {
      this.#logOnce('malformed', { reason: 'neither a list of alerts nor the webhook format, version 4' });
      await receive({ alerts: [], problems: ['body'] });
      throw httpError('bad_request', 'send a list of alerts, or the body of an Alertmanager webhook, version 4');
    }
    await this.#limit(async () => receive(parsed, cluster));
    const [problem] = parsed.problems;
    if (problem === undefined) return reply.send({ status: 'success' });
    this.#logOnce('malformed', { reason: problem, alerts: parsed.problems.length });
    throw httpError(
      'bad_request',
      `${parsed.problems.length} alerts are malformed; the others were received. ${problem}`,
    );
  }

  async #answerError(thrown: unknown, { url }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const error = thrown instanceof HttpError ? thrown : (refusedByFramework(thrown) ?? this.#notAdmitted(thrown));
    if (error.status === 503) void reply.header('retry-after', RETRY_AFTER);
    if (MALFORMED.has(error.status)) this.#logOnce('malformed', { reason: error.message });
    return reply.code(error.status).type(PROBLEM_JSON).send(failureBody(error, url));
  }

  #notAdmitted(error: unknown): HttpError {
    this.#logOnce('failed', { error });
    return httpError('unavailable', 'the alerts could not be admitted; send them again', { cause: error });
  }

  /** Logs one a minute of each kind: senders repeat their requests. */
  #logOnce(kind: 'malformed' | 'failed', fields: object): void {
    const { logger } = this.#options;
    const now = this.#now();
    if (now - (this.#loggedAt.get(kind) ?? Number.NEGATIVE_INFINITY) < LOG_INTERVAL_MS) return;
    this.#loggedAt.set(kind, now);
    if (kind === 'malformed') logger.warn(fields, 'alerts malformed');
    else logger.warn(fields, 'alerts not admitted; their sender repeats them');
  }
}

/** Answers a request that the framework refuses before any hook runs, such as one with a malformed URL. */
function answerFrameworkError(error: FastifyError, { url }: FastifyRequest, reply: FastifyReply): void {
  const body = failureBody(refusedByFramework(error) ?? httpError('internal', error.message), url);
  // Not an object: the reply has no serialiser yet.
  void reply.code(body.status).headers(SECURITY_HEADERS).type(PROBLEM_JSON).send(JSON.stringify(body));
}
