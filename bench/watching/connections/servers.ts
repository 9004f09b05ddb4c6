import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** A thousand event-emitting servers behind one port, reduced to their sessions, because the clients are measured. */

const Call = z.object({
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string(),
  params: z.object({ name: z.string().optional() }).optional(),
});
const Order = z.object({ order: z.enum(['steady', 'burst', 'restart', 'most']), count: z.number().default(0) });

const streams = new Map<string, ServerResponse>();
const sessions = new Set<string>();
const tools = ['events_subscribe', 'events_unsubscribe', 'events_list_subscriptions', 'resources_list'];
let opened = 0;
let connecting = 0;
let most = 0;

function result(name: string | undefined, session: string): string {
  if (name === 'events_subscribe') return `# Created\n\n{"subscriptionId":"${session}"}`;
  if (name === 'events_list_subscriptions') return `{"subscriptions":[{"subscriptionId":"${session}"}],"total":1}`;
  return '# No resources found';
}

const server = createServer((request, response) => {
  void (async () => {
    const body = await text(request);
    const session = String(request.headers['mcp-session-id'] ?? '');
    if (request.method === 'DELETE') {
      sessions.delete(session);
      response.writeHead(204).end();
    } else if (request.method === 'GET') {
      connecting -= 1;
      streams.set(session, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      response.on('close', () => streams.delete(session));
    } else answer(Call.parse(JSON.parse(body)), session, response);
  })();
});

function answer({ id, method, params }: z.infer<typeof Call>, session: string, response: ServerResponse): void {
  const reply = (value: object, headers: Record<string, string> = {}): void => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: value }));
  };
  if (method === 'initialize') {
    opened += 1;
    connecting += 1;
    most = Math.max(most, connecting);
    sessions.add(`s-${opened}`);
    const capabilities = { logging: {}, tools: {} };
    const serverInfo = { name: 'bench', version: '1' };
    reply({ protocolVersion: '2025-11-25', capabilities, serverInfo }, { 'mcp-session-id': `s-${opened}` });
  } else if (!sessions.has(session)) response.writeHead(404).end();
  else if (id === undefined) response.writeHead(202).end();
  else if (method === 'tools/list') {
    reply({ tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) });
  } else if (method === 'tools/call') reply({ content: [{ type: 'text', text: result(params?.name, session) }] });
  else reply({});
}

function send(session: string, stream: ServerResponse, index: number): void {
  const resource = { apiVersion: 'v1', kind: 'Pod', name: `cart-${index}`, namespace: 'shop', uid: `uid-${index}` };
  // Two processes on one machine share the clock.
  const context = String(performance.timeOrigin + performance.now());
  const fault = { faultId: `f-${index}`, faultType: 'PodCrash', severity: 'warning', resource, context };
  const data = { subscriptionId: session, cluster: 'bench', ...fault, timestamp: new Date().toISOString() };
  const params = { level: 'warning', logger: 'kubernetes/faults', data };
  stream.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })}\n\n`);
}

async function obey({ order, count }: z.infer<typeof Order>): Promise<void> {
  const all = [...streams];
  if (order === 'steady') {
    const began = performance.now();
    for (let i = 0; i < count; i += 1) {
      const [session, stream] = all[(i * 7) % all.length] ?? [];
      if (session && stream) send(session, stream, i);
      await sleep(Math.max(0, began + (i + 1) * 5 - performance.now())); // 200 per second
    }
  } else if (order === 'burst') {
    for (let i = 0; i < count; i += 1) {
      const [session, stream] = all[i % all.length] ?? [];
      if (session && stream) send(session, stream, i);
    }
  } else if (order === 'restart') {
    sessions.clear();
    connecting = most = 0;
    server.closeAllConnections();
  } else process.send?.({ most });
}

process.on('message', (message) => void obey(Order.parse(message)));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
