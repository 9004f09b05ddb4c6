import { startLoopTimeout } from '@nightcrier/core/async/loop-timeout';
import type { Logger } from '@nightcrier/core/logger';
import { Client, parseJSONRPCMessage, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import pTimeout from 'p-timeout';
import type { Dispatcher } from 'undici';
import { accessHeaders, type McpAccess } from './access.ts';
import { boundedFetch } from './http/bounded-fetch.ts';
import { ConnectionError, rootMessage } from './connection-error.ts';
import { explainError } from './explain-error.ts';
import { type ParsedNotification, parseNotification } from '../../sources/parse-notification.ts';
import type { OnMalformed } from '../malformed.ts';
import { CLIENT, ProtocolEra, standaloneCall } from './protocol-era.ts';
import { requestSameOrigin } from './http/same-origin-request.ts';
import { StreamPulse } from './http/stream-pulse.ts';
import { openSseStream } from './http/sse-stream.ts';
import { type Call, type CallOptions, callStreamed, nextCallId, type StreamedAnswer } from './http/streamed-call.ts';
import { LIST_RESOURCES_TOOL, type ToolAnswer, ToolList, ToolResult } from './tools.ts';
import { callWhole } from './http/whole-call.ts';

/** Durations in milliseconds. */
export interface SessionTimeouts {
  /** From the first byte to the initialised session; also for the event stream to open. */
  connect: number;
  /** One request. */
  call: number;
  /** Unsubscribing and ending the session, each. */
  close: number;
}

export const DEFAULT_SESSION_TIMEOUTS: SessionTimeouts = { connect: 10_000, call: 10_000, close: 3_000 };

export interface SessionOptions {
  /** As configured. */
  clusterName: string;
  endpoint: string;
  access: McpAccess;
  dispatcher: Dispatcher;
  timeouts: SessionTimeouts;
  /** What the server was found to speak in an earlier session; without it, the server is asked. */
  era?: ProtocolEra;
  logger: Logger;
  /** Receives each `notifications/message`. Not called after {@link McpSession.close}. */
  onNotification: (notification: ParsedNotification) => void;
  /** The session no longer uses the transport. */
  onClosed?: () => Promise<void>;
  /** Something on the event stream could not be parsed. */
  onMalformed: OnMalformed;
  /** The session is over. Called at most once, not after {@link McpSession.close}. */
  onLost: (error: ConnectionError) => void;
}

/** Characters; larger events end the session. */
const MAX_EVENT_SIZE = 1 << 20;
const MAX_TOOL_PAGES = 20;
const NO_PARAMETERS: readonly string[] = [];

// One for the process: a validator of its own would cost each connection more memory than all the rest.
const schemaValidator = new AjvJsonSchemaValidator();

/**
 * One session with one MCP server. Only this module and `explain-error.ts` depend on the MCP SDK.
 *
 * The SDK does the requests; the event stream is ours (see {@link openSseStream}). A session never recovers: it ends with
 * its event stream, and the caller opens a new one.
 */
export class McpSession {
  readonly #options: SessionOptions;
  readonly #transport: StreamableHTTPClientTransport;
  readonly #client: Client;
  readonly #stream = new AbortController();
  readonly #pulse = new StreamPulse();
  #closing: Promise<void> | undefined;
  /** The server may have opened a session whose id has not arrived yet. */
  #opening: Promise<void> | undefined;
  /** Parameters by tool. */
  #tools: ReadonlyMap<string, readonly string[]> = new Map();

  private constructor(options: SessionOptions) {
    this.#options = options;
    const fetch = boundedFetch(options.dispatcher);
    this.#transport = new StreamableHTTPClientTransport(new URL(options.endpoint), {
      // 405 for the GET makes the SDK leave the event stream to us.
      fetch: async (url, init) => (init?.method === 'GET' ? new Response(null, { status: 405 }) : fetch(url, init)),
      requestInit: { headers: accessHeaders(options.access) },
    });
    this.#client = new Client(CLIENT, {
      capabilities: {},
      jsonSchemaValidator: schemaValidator,
      versionNegotiation: { mode: 'auto' },
    });
    this.#client.onerror = (error) => options.logger.debug({ error: rootMessage(error) }, 'MCP client failed');
    // Notifications can also come with the answer to a request.
    this.#client.fallbackNotificationHandler = async ({ method, params }) => {
      if (method === 'notifications/message') this.#deliver(params);
    };
  }

  /**
   * Connects, initialises the session and lists its tools.
   * @throws ConnectionError, or the signal's reason; then the session is closed
   */
  static async open(options: SessionOptions, signal: AbortSignal): Promise<McpSession> {
    const session = new McpSession(options);
    const { endpoint, timeouts } = options;
    const late = new AbortController();
    const timeout = startLoopTimeout(timeouts.connect, () => {
      late.abort(new ConnectionError('timeout', `${endpoint} did not answer within ${timeouts.connect} ms (connect)`));
    });
    try {
      const ending = AbortSignal.any([signal, late.signal]);
      await pTimeout(session.#initialize(), { milliseconds: Infinity, signal: ending });
      return session;
    } catch (error) {
      const closed = session.close();
      // A stop waits for the clean end; the next attempt does not.
      if (signal.aborted) await closed;
      throw signal.aborted ? signal.reason : explainError(error, 'connect', endpoint);
    } finally {
      timeout.cancel();
    }
  }

  /** The version of the Model Context Protocol that both sides speak. */
  get protocolVersion(): string | undefined {
    return this.#client.getNegotiatedProtocolVersion();
  }

  /** Names of the server's tools. */
  get tools(): Pick<ReadonlySet<string>, 'has'> {
    return this.#tools;
  }

  /** Whether a tool has a parameter. */
  takes(tool: string, parameter: string): boolean {
    return this.#tools.get(tool)?.includes(parameter) ?? false;
  }

  /**
   * Whether the server can push: it holds a session, and sends log notifications on its stream. A server without sessions
   * answers requests and nothing else, also where it has the tool to subscribe.
   */
  get canPush(): boolean {
    return this.#transport.sessionId !== undefined && this.#client.getServerCapabilities()?.logging !== undefined;
  }

  /** Whether the event stream has been silent for too long, see {@link StreamPulse}. */
  isSilent(now: number, limit: number): boolean {
    return this.#pulse.isSilent(now, limit);
  }

  /** Opens the event stream, which carries the notifications. The session ends with it. */
  async listen(): Promise<void> {
    const { endpoint, dispatcher, timeouts } = this.#options;
    const { ended } = await openSseStream({
      endpoint,
      headers: this.#sessionHeaders(),
      dispatcher,
      signal: this.#stream.signal,
      openTimeout: timeouts.connect,
      maxEventSize: MAX_EVENT_SIZE,
      onMessage: (message) => this.#receive(message),
      onUnreadable: (problem) => this.#options.onMalformed('json', problem),
    });
    void ended.then((error) => this.#lose(error));
  }

  /** Enables log notifications, which carry the faults; servers send none before. */
  async enableNotifications(): Promise<void> {
    await this.#request('logging/setLevel', { level: 'info' }, this.#options.timeouts.call);
  }

  /**
   * Calls a tool. An answer with `isError` is returned, not thrown.
   * @throws ConnectionError
   */
  async call(tool: string, args: Record<string, unknown>, timeout = this.#options.timeouts.call): Promise<ToolAnswer> {
    const answer = await this.#request('tools/call', { name: tool, arguments: args }, timeout);
    const result = ToolResult.safeParse(answer).data;
    if (!result) {
      const { endpoint } = this.#options;
      throw new ConnectionError('protocol', `${endpoint}: the answer is not that of a tool (${tool})`);
    }
    const text = result.content.map(({ type, text = '' }) => (type === 'text' ? text : '')).join('\n');
    return { text, structured: result.structuredContent, isError: result.isError === true };
  }

  /**
   * Calls a tool whose answer may be large.
   * @param timeout until the whole answer must be there, ms
   * @throws ConnectionError
   */
  async callStreamed(tool: string, args: Record<string, unknown>, timeout: number): Promise<StreamedAnswer> {
    const { call, options } = this.#callOf('tools/call', { name: tool, arguments: args }, timeout);
    return callStreamed(call, options);
  }

  /** Takes a notification that came with a streamed answer, as JSON. */
  deliver(notification: string): void {
    try {
      this.#receive(JSON.parse(notification));
    } catch (error) {
      this.#options.onMalformed('json', `notification is not JSON: ${rootMessage(error)}`);
    }
  }

  /** Does one round trip. @throws ConnectionError */
  async ping(timeout = this.#options.timeouts.call): Promise<void> {
    await this.#request(this.#client.getProtocolEra() === 'modern' ? 'server/discover' : 'ping', {}, timeout);
  }

  /**
   * Deletes the session on the server too: closing the connection alone would leave the session and its subscriptions
   * there. Never rejects; takes at most the close timeout.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#end();
    await this.#options.onClosed?.();
  }

  async #end(): Promise<void> {
    const { endpoint, dispatcher, timeouts, logger } = this.#options;
    // Otherwise the session would stay at the server: nothing but its answer tells its id.
    const opened = this.#opening?.catch(() => undefined);
    if (opened) await pTimeout(opened, { milliseconds: timeouts.close, message: false });
    const hadSession = this.#transport.sessionId !== undefined;
    const headers = this.#sessionHeaders();
    this.#stream.abort();
    await this.#client.close().catch(() => undefined);
    if (!hadSession) return;
    try {
      const signal = AbortSignal.timeout(timeouts.close);
      const { body } = await requestSameOrigin(endpoint, { method: 'DELETE', dispatcher, headers, signal });
      await body.drop();
    } catch (error) {
      logger.debug({ error: rootMessage(error) }, 'MCP session not deleted');
    }
  }

  #receive(message: unknown): void {
    if (isLogNotification(message)) {
      this.#pulse.activity(Date.now());
      this.#deliver(message.params);
      return;
    }
    const data = rpcMessageOf(message);
    if (data === undefined) {
      this.#options.onMalformed('json_rpc', 'event is not JSON-RPC 2.0');
      return;
    }
    const method = 'method' in data ? data.method : undefined;
    if (method === 'ping') this.#pulse.beat(Date.now());
    else this.#pulse.activity(Date.now());
    this.#transport.onmessage?.(data);
  }

  #deliver(params: unknown): void {
    if (this.#closing) return;
    const { clusterName, onNotification } = this.#options;
    try {
      onNotification(parseNotification(params, { clusterName, now: new Date() }));
    } catch (error) {
      this.#options.logger.error({ error }, 'notification handler failed');
    }
  }

  #lose(error: ConnectionError): void {
    if (error.code === 'event_too_big') this.#options.onMalformed('too_big', error.message);
    if (!this.#closing) this.#options.onLost(error);
  }

  async #initialize(): Promise<void> {
    const { era = new ProtocolEra(), timeouts } = this.#options;
    // The SDK's deadline does not cover the notification that completes the handshake; the caller's does.
    this.#opening = era.connect(this.#client, this.#transport, timeouts.connect + timeouts.close);
    await this.#opening;
    this.#tools = await this.#listTools();
  }

  async #listTools(): Promise<ReadonlyMap<string, readonly string[]>> {
    const tools = new Map<string, readonly string[]>();
    let cursor: string | undefined;
    for (let page = 0; page < MAX_TOOL_PAGES; page += 1) {
      const params = cursor === undefined ? {} : { cursor };
      const result = ToolList.parse(await this.#request('tools/list', params, this.#options.timeouts.call));
      for (const { name, inputSchema } of result.tools) {
        // Of one tool alone it matters, and a process has a thousand of these.
        tools.set(name, name === LIST_RESOURCES_TOOL ? Object.keys(inputSchema?.properties ?? {}) : NO_PARAMETERS);
      }
      cursor = result.nextCursor;
      if (cursor === undefined) break;
    }
    return tools;
  }

  /** Does not use the SDK's client, which validates and remembers much that nothing here needs. @throws ConnectionError */
  async #request(method: string, params: Record<string, unknown>, timeout: number): Promise<unknown> {
    const { call, options } = this.#callOf(method, params, timeout);
    return callWhole(call, { ...options, onMessage: (message) => this.#receive(message) });
  }

  #callOf(method: string, params: Record<string, unknown>, timeout: number): { call: Call; options: CallOptions } {
    const { endpoint, dispatcher } = this.#options;
    const tool = method === 'tools/call' ? String(params.name) : undefined;
    const version = this.#client.getProtocolEra() === 'modern' && this.#client.getNegotiatedProtocolVersion();
    const alone = version ? standaloneCall(version, method, tool) : { headers: {}, meta: undefined };
    return {
      call: { id: nextCallId(), method, params: { ...params, ...(alone.meta && { _meta: alone.meta }) } },
      options: {
        endpoint,
        headers: { ...this.#sessionHeaders(), ...alone.headers },
        dispatcher,
        signal: this.#stream.signal,
        what: tool ?? method,
        timeout,
      },
    };
  }

  #sessionHeaders(): Record<string, string> {
    const { sessionId, protocolVersion } = this.#transport;
    return {
      ...accessHeaders(this.#options.access),
      ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
      ...(protocolVersion !== undefined && { 'mcp-protocol-version': protocolVersion }),
    };
  }
}

/** Nearly all messages of a stream are these. Checked by hand, at a fraction of the cost of the SDK's union of all messages. */
function isLogNotification(message: unknown): message is { params: object } {
  if (typeof message !== 'object' || message === null || !('method' in message) || 'id' in message) return false;
  if (message.method !== 'notifications/message' || !('jsonrpc' in message) || message.jsonrpc !== '2.0') return false;
  return (
    'params' in message &&
    typeof message.params === 'object' &&
    message.params !== null &&
    !Array.isArray(message.params)
  );
}

function rpcMessageOf(message: unknown): ReturnType<typeof parseJSONRPCMessage> | undefined {
  try {
    return parseJSONRPCMessage(message);
  } catch {
    return undefined;
  }
}
