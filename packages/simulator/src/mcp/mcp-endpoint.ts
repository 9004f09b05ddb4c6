import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '@nightcrier/core/logger';
import type { LoggingLevel } from '@modelcontextprotocol/sdk/types.js';
import { eventTools } from './event-tools.ts';
import { McpSession } from './mcp-session.ts';
import { passesFilters, type Occurrence, type Subscription, type SubscriptionMode } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import type { McpTool } from './tool.ts';

const CHANNELS: Record<SubscriptionMode, { logger: string; level: LoggingLevel }> = {
  faults: { logger: 'kubernetes/faults', level: 'warning' },
  events: { logger: 'kubernetes/events', level: 'info' },
};

export interface McpEndpointOptions {
  cluster: string;
  readTools: McpTool[];
  /** Whether it offers subscriptions; without, it is like a stock server. */
  eventsTools: boolean;
  /** When set, requests without `Authorization: Bearer <this>` get 401. */
  bearerToken?: string | undefined;
  logger: Logger;
}

/**
 * The MCP endpoint of a simulated cluster: sessions over streamable HTTP, tools, and notifications to subscribers.
 *
 * Faults and events reach only those who are subscribed at that moment. A notification that cannot be delivered
 * cancels its subscription while the session lives on: the silent loss that a good client must notice.
 */
export class McpEndpoint {
  readonly subscriptions = new Subscriptions();
  readonly #options: McpEndpointOptions;
  readonly #tools: ReadonlyMap<string, McpTool>;
  readonly #sessions = new Map<string, McpSession>();

  constructor(options: McpEndpointOptions) {
    this.#options = options;
    const tools = [
      ...options.readTools,
      ...(options.eventsTools ? eventTools(options.cluster, this.subscriptions) : []),
    ];
    this.#tools = new Map(tools.map((tool) => [tool.definition.name, tool]));
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The listener for the HTTP server. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#answer(request, response).catch((error: unknown) => {
      this.#options.logger.warn({ cluster: this.#options.cluster, err: error }, 'MCP request failed');
      if (response.headersSent) response.end();
      else refuse(response, 500, 'internal error');
    });
  };

  /**
   * Tells the subscribers of a mode. Each payload gets its `subscriptionId` and `cluster` in front, unless it is no
   * object.
   *
   * @param about what the filters see; without it every subscriber of the mode is told.
   * @returns how many subscribers were sent to.
   */
  publish(mode: SubscriptionMode, payload: unknown, about?: Occurrence): number {
    const { logger, level } = CHANNELS[mode];
    return this.#deliver(level, logger, payload, (subscription) => {
      return subscription.mode === mode && (!about || passesFilters(subscription.filters, about));
    });
  }

  /** Tells every subscriber that its subscription is in trouble, and marks it as degraded when it is said to be. */
  publishSubscriptionError(error: string, degraded: boolean): number {
    if (degraded) for (const subscription of this.subscriptions) subscription.degraded = true;
    return this.#deliver('error', 'kubernetes/subscription_error', { error, degraded }, () => true);
  }

  /** Cuts all GET streams; sessions and subscriptions live on. */
  cutStreams(): void {
    for (const session of this.#sessions.values()) session.cutStream();
  }

  /** Ends all sessions and with them all subscriptions. */
  async closeSessions(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  #deliver(
    level: LoggingLevel,
    logger: string,
    payload: unknown,
    wants: (subscription: Subscription) => boolean,
  ): number {
    let sent = 0;
    for (const subscription of this.subscriptions) {
      if (!wants(subscription)) continue;
      const { id, sessionId } = subscription;
      const outcome = this.#sessions.get(sessionId)?.notify(level, logger, this.#addressed(payload, id)) ?? 'failed';
      if (outcome === 'sent') sent += 1;
      if (outcome !== 'failed') continue;
      this.subscriptions.cancel(sessionId, id);
      const fields = { cluster: this.#options.cluster, subscription_id: id };
      this.#options.logger.debug(fields, 'notification could not be delivered, subscription cancelled');
    }
    return sent;
  }

  #addressed(payload: unknown, subscriptionId: string): unknown {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return payload;
    return { subscriptionId, cluster: this.#options.cluster, ...payload };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://mcp').pathname;
    if (path === '/healthz') {
      response.writeHead(200).end();
      return;
    }
    if (path !== '/mcp') {
      refuse(response, 404, 'not found');
      return;
    }
    if (!this.#isAuthorized(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Bearer realm="kubernetes-mcp-server"');
      refuse(response, 401, 'Unauthorized: Bearer token required');
      return;
    }
    if (request.method === 'GET' && request.headers['last-event-id'] !== undefined) {
      refuse(response, 400, 'stream replay unsupported');
      return;
    }
    const session = await this.#sessionOf(request);
    if (session) await session.handle(request, response);
    else refuse(response, 404, 'session not found');
  }

  /** The session that a request names; a new one for a request that names none, which is refused unless it initializes. */
  async #sessionOf(request: IncomingMessage): Promise<McpSession | undefined> {
    const named = request.headers['mcp-session-id'];
    if (typeof named === 'string') return this.#sessions.get(named);
    const id = randomUUID();
    return McpSession.open(id, this.#tools, {
      onInitialized: (session) => this.#sessions.set(id, session),
      onClosed: () => {
        this.#sessions.delete(id);
        this.subscriptions.cancelSession(id);
      },
    });
  }

  #isAuthorized(authorization: string | undefined): boolean {
    const { bearerToken } = this.#options;
    if (bearerToken === undefined) return true;
    const expected = Buffer.from(`Bearer ${bearerToken}`);
    const given = Buffer.from(authorization ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

function refuse(response: ServerResponse, code: number, message: string): void {
  response
    .writeHead(code, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }));
}
