import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/**
 * Event-emitting servers of many clusters behind one port, reduced to their sessions: `/<cluster>/mcp`. They send a stream of
 * numbered faults to the clusters that are subscribed, and account for what reached a connection that went on living.
 */

/** Of a client that is known: the servers share the machine with what is measured, so that nothing checks it. */
interface Call {
  id?: number | string;
  method: string;
  params?: { name?: string };
}
const Order = z.discriminatedUnion('order', [
  z.object({ order: z.literal('send'), perSecond: z.number() }),
  z.object({ order: z.literal('account') }),
]);

interface Session {
  key: string;
  cluster: string;
  stream?: ServerResponse;
}

/** A connection that lived for this long after a fault was written to it has delivered it, ms. */
const DELIVERED_AFTER_MS = 10_000;
const TOOLS = ['events_subscribe', 'events_unsubscribe', 'events_list_subscriptions', 'resources_list'];

const sessions = new Map<string, Session>();
/** Subscribed sessions with a stream, by cluster. */
const watchedBy = new Map<string, Set<Session>>();
/** When faults were written to a session that is open. */
const unsure = new Map<Session, number[]>();
let opened = 0;
let reached = 0;
/** Faults that were written to a connection that ended soon after: they may have been received. */
let lost = 0;
let number = 0;

function end(id: string): void {
  const session = sessions.get(id);
  if (!session) return;
  sessions.delete(id);
  watchedBy.get(session.cluster)?.delete(session);
  account(session);
}

/** The connection of a session has ended. */
function account(session: Session): void {
  settle(session, Date.now());
  lost += unsure.get(session)?.length ?? 0;
  unsure.delete(session);
}

function settle(session: Session, now: number): void {
  const waiting = unsure.get(session)?.filter((at) => now - at < DELIVERED_AFTER_MS) ?? [];
  reached += (unsure.get(session)?.length ?? 0) - waiting.length;
  if (waiting.length === 0) unsure.delete(session);
  else unsure.set(session, waiting);
}

function result(name: string | undefined, session: string): string {
  if (name === 'events_subscribe') return `# Created\n\n{"subscriptionId":"${session}"}`;
  if (name === 'events_list_subscriptions') return `{"subscriptions":[{"subscriptionId":"${session}"}],"total":1}`;
  return '# No resources found';
}

function bodyOf(request: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => resolve(Buffer.concat(pieces).toString()));
  request.on('error', reject);
  return promise;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const id = String(request.headers['mcp-session-id'] ?? '');
  const session = sessions.get(id);
  if (request.method === 'DELETE') {
    session?.stream?.end();
    end(id);
    response.writeHead(204).end();
  } else if (request.method === 'POST') {
    const call: Call = JSON.parse(body);
    answer(call, request.url?.split('/')[1] ?? '', id, response);
  } else if (session) {
    session.stream = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    // A real server keeps a session whose stream is gone, until the client deletes it or a timeout.
    response.on('close', () => {
      delete session.stream;
      watchedBy.get(session.cluster)?.delete(session);
      account(session);
    });
  } else response.writeHead(404).end();
}

const server = createServer((request, response) => void serve(request, response));

function answer({ id, method, params }: Call, cluster: string, key: string, response: ServerResponse): void {
  const reply = (value: object, headers: Record<string, string> = {}): void => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: value }));
  };
  if (method === 'initialize') {
    opened += 1;
    sessions.set(`s-${opened}`, { key: `s-${opened}`, cluster });
    const serverInfo = { name: 'bench', version: '1' };
    const capabilities = { logging: {}, tools: {} };
    reply({ protocolVersion: '2025-11-25', capabilities, serverInfo }, { 'mcp-session-id': `s-${opened}` });
    return;
  }
  const session = sessions.get(key);
  if (!session) response.writeHead(404).end();
  else if (id === undefined) response.writeHead(202).end();
  else if (method === 'tools/list') {
    reply({ tools: TOOLS.map((name) => ({ name, inputSchema: { type: 'object' } })) });
  } else if (method === 'tools/call') {
    if (params?.name === 'events_subscribe' && session.stream) {
      const watching = watchedBy.get(cluster) ?? new Set();
      watchedBy.set(cluster, watching.add(session));
    }
    reply({ content: [{ type: 'text', text: result(params?.name, key) }] });
  } else reply({});
}

/** Sends the next fault to every ingester that watches the cluster. */
function send(cluster: string): void {
  const watching = [...(watchedBy.get(cluster) ?? [])];
  const [first] = watching;
  if (!first) return;
  number += 1;
  const name = `fault-${number}`;
  const resource = { apiVersion: 'v1', kind: 'Pod', name, namespace: 'shop', uid: name };
  const fault = { faultId: name, faultType: 'PodCrash', severity: 'warning', resource, context: name };
  // The first one accounts for it: what the others receive is the same fault.
  unsure.set(first, [...(unsure.get(first) ?? []), Date.now()]);
  for (const { key, stream } of watching) {
    const data = { subscriptionId: key, cluster, ...fault, timestamp: new Date().toISOString() };
    const params = { level: 'warning', logger: 'kubernetes/faults', data };
    stream?.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })}\n\n`);
  }
}

async function sendAll(perSecond: number): Promise<void> {
  const began = performance.now();
  let clusters: string[] = [];
  for (let i = 0; ; i += 1) {
    if (i % 100 === 0) clusters = [...watchedBy.keys()];
    const cluster = clusters[(i * 7_919) % Math.max(1, clusters.length)];
    if (cluster !== undefined) send(cluster);
    await sleep(Math.max(0, began + ((i + 1) * 1_000) / perSecond - performance.now()));
    if (isStopping) return;
  }
}

let isStopping = false;
let sending: Promise<void> | undefined;

process.on('message', (message) => {
  const order = Order.parse(message);
  if (order.order === 'send') {
    sending = sendAll(order.perSecond);
    return;
  }
  void (async () => {
    isStopping = true;
    await sending;
    await sleep(DELIVERED_AFTER_MS + 500);
    for (const session of unsure.keys()) settle(session, Date.now());
    const withoutStream = [...sessions.values()].filter(({ stream }) => !stream).length;
    process.send?.({ reached, lost, sessions: sessions.size, sessions_without_stream: withoutStream });
    isStopping = false;
  })();
});
server.listen(0, '127.0.0.1', 4_096, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
