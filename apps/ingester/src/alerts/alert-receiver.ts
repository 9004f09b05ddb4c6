import { cannotListen } from '@nightcrier/runtime/metrics/cannot-listen';
import { parseAlerts, type ParsedAlerts } from '@nightcrier/core/alerts/parse-alerts';
import type { Logger } from '@nightcrier/core/logger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
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
    const app = fastify({
      bodyLimit: this.#options.settings().max_body_bytes,
      forceCloseConnections: 'idle',
      handlerTimeout: HANDLER_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      onProtoPoisoning: 'remove',
      onConstructorPoisoning: 'remove',
    });
    // A web page may send text without asking this server first.
    app.removeContentTypeParser('text/plain');
    app.addHook('onRequest', async (request, reply) => this.#authorize(request, reply));
    app.setErrorHandler((error, _request, reply) => this.#answerError(error, reply));
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

  async #authorize(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (request.method === 'GET') return undefined;
    if (request.headers.origin !== undefined) return answer(reply, 403, 'requests of web pages are not allowed');
    if (await isAuthorized(this.#options.settings(), request.headers.authorization)) return undefined;
    void reply.header('www-authenticate', 'Bearer, Basic realm="alerts"');
    return answer(reply, 401, 'send alerts.access_key as a Bearer token, or alerts.username and alerts.password');
  }

  async #receive(body: unknown, cluster: string | undefined, reply: FastifyReply): Promise<unknown> {
    const { receive } = this.#options;
    if (this.#limit.pendingCount >= MOST_WAITING) return unavailable(reply, 'too many requests at once');
    const parsed = await parseAlerts(body, this.#now());
    if (!parsed) {
      this.#logOnce('malformed', { reason: 'neither a list of alerts nor the webhook format, version 4' });
      await receive({ alerts: [], problems: ['body'] });
      return answer(reply, 400, 'send a list of alerts, or the body of an Alertmanager webhook, version 4');
    }
    await this.#limit(async () => receive(parsed, cluster));
    const [problem] = parsed.problems;
    if (problem === undefined) return reply.send({ status: 'success' });
    this.#logOnce('malformed', { reason: problem, alerts: parsed.problems.length });
    return answer(reply, 400, `${parsed.problems.length} alerts are malformed; the others were received. ${problem}`);
  }

  async #answerError(thrown: unknown, reply: FastifyReply): Promise<unknown> {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 503;
    if (status >= 400 && status < 500) {
      this.#logOnce('malformed', { reason: error.message });
      return answer(reply, status, error.message);
    }
    this.#logOnce('failed', { error });
    return unavailable(reply, 'the alerts could not be admitted; send them again');
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

async function unavailable(reply: FastifyReply, message: string): Promise<unknown> {
  void reply.header('retry-after', RETRY_AFTER);
  return answer(reply, 503, message);
}

async function answer(reply: FastifyReply, status: number, message: string): Promise<unknown> {
  return reply.code(status).send({ status: 'error', error: message });
}
