import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

const Call = z.object({
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string(),
  params: z.object({ name: z.string().optional(), arguments: z.record(z.string(), z.unknown()).optional() }).optional(),
});
type Call = z.infer<typeof Call>;

/** What a server does in its own way; each returns whether it answered. */
export interface Script {
  get?: (response: ServerResponse, server: ScriptedServer) => boolean;
  post?: (call: Call, response: ServerResponse, server: ScriptedServer) => boolean;
}

/**
 * An MCP server by hand, down to the HTTP answers, for what a server built with an SDK does not do wrong. It has the
 * tools of an event-emitting server and one subscription for each session.
 */
export class ScriptedServer {
  /** Everything asked, in order: `initialize`, `GET`, `tools/call events_subscribe`, … */
  readonly asked: string[] = [];
  /** Of every request. */
  readonly headers: IncomingMessage['headers'][] = [];
  readonly streams = new Set<ServerResponse>();
  /** Open connections, and how many there were at most. */
  readonly sockets = new Set<Socket>();
  mostSockets = 0;
  /** Open sessions, and the subscription of each that has one. */
  readonly sessions = new Map<string, string | undefined>();
  tools = ['events_subscribe', 'events_unsubscribe', 'events_list_subscriptions', 'resources_list'];
  sessionsOpened = 0;
  /** What `resources_list` lists of each kind; text is the error of a list. Kinds that are missing are empty. */
  lists: Record<string, object[] | string> = {};
  /** Kinds that `resources_list` was asked for. */
  readonly listed = new Set<string>();
  script: Script;
  /** Paths that are redirected, with the status. */
  redirects: { status: number; [path: string]: string | number } = { status: 308 };
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  private constructor(script: Script) {
    this.script = script;
    // As Go's server, which neither ends idle connections nor says how long it keeps them.
    this.#server.keepAliveTimeout = 0;
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket.on('close', () => this.sockets.delete(socket)));
      this.mostSockets = Math.max(this.mostSockets, this.sockets.size);
    });
  }

  static async start(script: Script = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    await server.listen();
    onTestFinished(() => server.kill());
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
  }

  /** As if the process were gone. */
  async kill(): Promise<void> {
    this.sessions.clear();
    this.streams.clear();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Sends a message on all event streams. */
  push(message: object): void {
    for (const stream of this.streams) stream.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  /** Sends a fault. `data` replaces fields of it. */
  fault(data: object): void {
    const resource = { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop', uid: 'u-1' };
    this.push({
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: {
        level: 'warning',
        logger: 'kubernetes/faults',
        data: { faultId: 'f-1', faultType: 'PodCrash', severity: 'warning', resource, ...data },
      },
    });
  }

  /** Sends a Warning Event. */
  event(event: object): void {
    this.push({
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { level: 'warning', logger: 'kubernetes/events', data: { event } },
    });
  }

  reply(response: ServerResponse, id: Call['id'], result: object, headers: Record<string, string> = {}): void {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request).catch(() => '');
    this.headers.push(request.headers);
    const location = this.redirects[request.url ?? ''];
    if (typeof location === 'string') {
      response.writeHead(this.redirects.status, { location }).end();
      return;
    }
    const session = String(request.headers['mcp-session-id'] ?? '');
    if (request.method === 'POST') this.#post(Call.parse(JSON.parse(body)), session, response);
    else if (request.method === 'GET') this.#get(response);
    else {
      this.asked.push('DELETE');
      response.writeHead(this.sessions.delete(session) ? 204 : 404).end();
    }
  }

  #get(response: ServerResponse): void {
    this.asked.push('GET');
    if (this.script.get?.(response, this)) return;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    this.streams.add(response.on('close', () => this.streams.delete(response)));
  }

  #post(call: Call, session: string, response: ServerResponse): void {
    const { id, method, params } = call;
    this.asked.push([method, params?.name ?? ''].join(' ').trim());
    if (this.script.post?.(call, response, this)) return;
    if (method === 'initialize') {
      this.sessionsOpened += 1;
      const opened = `session-${this.sessionsOpened}`;
      this.sessions.set(opened, undefined);
      const result = {
        protocolVersion: '2025-11-25',
        capabilities: { logging: {}, tools: {} },
        serverInfo: { name: 's', version: '1' },
      };
      this.reply(response, id, result, { 'mcp-session-id': opened });
    } else if (!this.sessions.has(session)) {
      response.writeHead(404).end('session not found');
    } else if (id === undefined) {
      response.writeHead(202).end();
    } else if (method === 'tools/list') {
      this.reply(response, id, { tools: this.tools.map((name) => ({ name, inputSchema: { type: 'object' } })) });
    } else if (method === 'tools/call') {
      if (params?.name === 'resources_list') this.listed.add(String(params.arguments?.kind));
      const listed = params?.name === 'resources_list' ? this.lists[String(params.arguments?.kind)] : undefined;
      if (typeof listed === 'string') {
        this.reply(response, id, { isError: true, content: [{ type: 'text', text: listed }] });
      } else if (listed) {
        this.reply(response, id, {
          content: [{ type: 'text', text: 'see the structured content' }],
          structuredContent: { items: listed },
        });
      } else {
        this.reply(response, id, { content: [{ type: 'text', text: this.#call(params, session) }] });
      }
    } else {
      this.reply(response, id, {});
    }
  }

  #call(params: Call['params'], session: string): string {
    const subscription = this.sessions.get(session);
    switch (params?.name) {
      case 'events_subscribe':
        this.sessions.set(session, `sub-of-${session}`);
        return `# Event Subscription Created\n\n${JSON.stringify({ subscriptionId: `sub-of-${session}` })}\n`;
      case 'resources_list':
        return '# No resources found';
      case 'events_unsubscribe':
        this.sessions.set(session, undefined);
        return '# Subscription Cancelled';
      default: {
        const subscriptions = subscription === undefined ? [] : [{ subscriptionId: subscription, degraded: false }];
        return `# Active Subscriptions\n\n${JSON.stringify({ subscriptions, total: subscriptions.length })}`;
      }
    }
  }
}
