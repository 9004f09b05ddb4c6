import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { LoggingMessageNotificationSchema, type LoggingLevel } from '@modelcontextprotocol/sdk/types.js';
import { isRecord, textAt } from '../src/kubernetes/objects/kubernetes-object.ts';

interface Notification {
  level: LoggingLevel;
  logger?: string | undefined;
  data: unknown;
}

/** An MCP client that keeps the notifications it gets. */
export interface TestClient {
  client: Client;
  transport: StreamableHTTPClientTransport;
  notifications: Notification[];
  /** Calls a tool and returns the first text of its result. */
  call: (name: string, args?: Record<string, unknown>) => Promise<string>;
  /** Subscribes, as `events_subscribe` wants it, and returns the subscription. */
  subscribe: (args?: Record<string, unknown>) => Promise<Record<string, unknown>>;
}

export async function connect(endpoint: string, headers: Record<string, string> = {}): Promise<TestClient> {
  const client = new Client({ name: 'test', version: '1' });
  const notifications: Notification[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    notifications.push({ level: params.level, logger: params.logger, data: params.data });
  });
  let streamIsUp = (): void => undefined;
  const stream = new Promise<void>((resolve) => (streamIsUp = resolve));
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), {
    requestInit: { headers },
    // No second try: a lost stream stays lost, so that its consequences can be seen.
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      if (init?.method === 'GET') streamIsUp();
      return response;
    },
  });
  await client.connect(transport);
  await stream;
  const call: TestClient['call'] = async (name, args = {}) => {
    const result = await client.callTool({ name, arguments: args });
    return textAt(result, 'content.0.text');
  };
  return {
    client,
    transport,
    notifications,
    call,
    subscribe: async (args = { mode: 'faults' }) => jsonIn(await call('events_subscribe', args)),
  };
}

/** The JSON object inside a text. */
export function jsonIn(text: string): Record<string, unknown> {
  const json: unknown = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  if (!isRecord(json)) throw new Error(`no JSON object in: ${text}`);
  return json;
}
