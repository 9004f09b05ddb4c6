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

/** A call of a tool, for tests that prove what was read. */
export interface RecordedCall {
  tool: string;
  arguments: unknown;
}

/** Calls remembered; older ones are forgotten. */
const REMEMBERED_CALLS = 2000;

export interface McpEndpointOptions {
  /** What the server calls the cluster. */
  cluster: string;
  readTools: McpTool[];
  /** Whether it has the subscription tools; a stock server has none. */
  eventsTools: boolean;
  /** If set, requests without `Authorization: Bearer <this>` get 401. */
  bearerToken?: string | undefined;
  logger: Logger;
}

/**
 * The MCP endpoint of a simulated cluster: sessions over streamable HTTP, tools, and notifications to subscribers.
 *
 * Only present subscribers get faults and events. A notification that cannot be delivered cancels its subscription, and the
 * session remains: a silent loss that clients must detect.
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
    this.#tools = new Map(tools.map((tool) => [tool.definition.name, this.#recorded(tool)]));
  }

  /** The last calls of tools, oldest first. */
  readonly calls: RecordedCall[] = [];

  #recorded(tool: McpTool): McpTool {
    const { name } = tool.definition;
    return {
      ...tool,
      call: (args, sessionId) => {
        this.calls.push({ tool: name, arguments: args });
        if (this.calls.length > REMEMBERED_CALLS) this.calls.shift();
        return tool.call(args, sessionId);
      },
    };
  }

  /** Sessions with a subscription and an open stream. */
  get subscriberCount(): number {
    const subscribed = [...this.#sessions].filter(([id]) => this.subscriptions.ofSession(id).length > 0);
    return subscribed.filter(([, session]) => session.isStreaming).length;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The listener for the HTTP server. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#answer(request, response).catch((error: unknown) => {
      this.#options.logger.warn({ cluster: this.#options.cluster, error }, 'mcp request failed');
      if (response.headersSent) response.end();
      else refuse(response, 500, 'internal error');
    });
  };

  /**
   * Sends a payload to the subscribers of a mode. An object gets `subscriptionId` and `cluster` as its first fields.
   *
   * @param about what filters match; without it, every subscriber of the mode gets the payload
   * @returns the number of subscribers that it was sent to
   */
  publish(mode: SubscriptionMode, payload: unknown, about?: Occurrence): number {
    const { logger, level } = CHANNELS[mode];
    return this.#deliver(level, logger, payload, (subscription) => {
      return subscription.mode === mode && (!about || passesFilters(subscription.filters, about));
    });
  }

  /** Sends a subscription error to every subscriber, and marks the subscriptions as degraded if requested. */
  publishSubscriptionError(error: string, degraded: boolean): number {
    if (degraded) for (const subscription of this.subscriptions) subscription.degraded = true;
    return this.#deliver('error', 'kubernetes/subscription_error', { error, degraded }, () => true);
  }

  /** Closes all GET streams. Sessions and subscriptions remain. */
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
      this.#options.logger.debug(fields, 'notification not delivered; subscription cancelled');
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
    else response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('session not found\n');
  }

  /** Returns the session of a request, or a new one if the request names none: then it must be `initialize`. */
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
