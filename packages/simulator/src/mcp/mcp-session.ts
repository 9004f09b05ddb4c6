import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  LoggingLevelSchema,
  SetLevelRequestSchema,
  type LoggingLevel,
} from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv-provider.js';
import type { McpTool } from './tool.ts';

const LEVELS = LoggingLevelSchema.options;

/** Shared by all sessions of all clusters, because compiling schemas is expensive. */
const validator = new AjvJsonSchemaValidator();

/** Outcome of a notification. `gated`: below the log level that the client has set. */
export type Delivery = 'sent' | 'gated' | 'failed';

/** A JSON-RPC error without the prefix that the error class of the SDK adds to the text. */
class RpcError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The session of one client: server and transport of the SDK, the log level, and whether the GET stream is open. */
export class McpSession {
  readonly #server: Server;
  readonly #transport: StreamableHTTPServerTransport;
  #level: LoggingLevel | undefined;
  #stream: ServerResponse | undefined;

  private constructor(server: Server, transport: StreamableHTTPServerTransport) {
    this.#server = server;
    this.#transport = transport;
  }

  /**
   * @param life `onInitialized` is called when the client has initialized the session, `onClosed` when either side ends it
   */
  static async open(
    id: string,
    tools: ReadonlyMap<string, McpTool>,
    life: { onInitialized(session: McpSession): void; onClosed(): void },
  ): Promise<McpSession> {
    const server = new Server(
      { name: 'kubernetes-mcp-server', title: 'kubernetes-mcp-server', version: 'v0.0.67' },
      { capabilities: { logging: {}, tools: { listChanged: true } }, jsonSchemaValidator: validator },
    );
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: () => life.onInitialized(session),
      keepAliveMs: 0,
    });
    const session = new McpSession(server, transport);
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [...tools.values()].map((tool) => tool.definition),
    }));
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
      const tool = tools.get(params.name);
      if (!tool) throw new RpcError(ErrorCode.InvalidParams, `unknown tool "${params.name}"`);
      return tool.call(params.arguments, id);
    });
    server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
      session.#level = params.level;
      return {};
    });
    server.onclose = () => life.onClosed();
    await server.connect(transport);
    return session;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && !this.isStreaming) this.#stream = response;
    await this.#transport.handleRequest(request, response);
  }

  /** Sends a log notification. Fails if no GET stream is open, as in the real server. */
  notify(level: LoggingLevel, logger: string, data: unknown): Delivery {
    if (this.#level === undefined || LEVELS.indexOf(level) < LEVELS.indexOf(this.#level)) return 'gated';
    if (!this.isStreaming) return 'failed';
    // The outcome is that of the stream. A later failure means that the client disconnects, which closes the stream.
    void this.#server
      .notification({ method: 'notifications/message', params: { level, logger, data } })
      .catch(() => undefined);
    return 'sent';
  }

  /** Closes the GET stream and keeps the session, as a proxy does with an idle connection. */
  cutStream(): void {
    this.#stream?.socket?.destroy();
    this.#stream = undefined;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  /** Whether the client has its GET stream open. */
  get isStreaming(): boolean {
    const stream = this.#stream;
    return (
      stream !== undefined &&
      stream.headersSent &&
      stream.statusCode === 200 &&
      !stream.writableEnded &&
      !stream.destroyed
    );
  }
}
