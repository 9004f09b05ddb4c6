import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { KINDS, WATCHED_KINDS, type WatchedKind } from '@nightcrier/cluster/detection/objects/kinds';
import { z } from 'zod';
import { clusterOf, podAt, type SentKind, type SentObject } from './objects.ts';

/** A Kubernetes API and a stock MCP server of one large cluster, reduced to lists and watches: their clients are measured. */

const pods = Number(process.argv[2]);
const [form = 'structured'] = process.argv.slice(3);
const objects: ReadonlyMap<WatchedKind, SentObject[]> = clusterOf(pods);
const watches = new Map<WatchedKind, Set<ServerResponse>>(WATCHED_KINDS.map((kind) => [kind, new Set()]));
let bytes = 0;

function send(response: ServerResponse, body: string | Buffer): void {
  bytes += Buffer.byteLength(body);
  response.end(body);
}

function list(response: ServerResponse, kind: WatchedKind, query: URLSearchParams): void {
  const all = objects.get(kind) ?? [];
  if (query.get('watch') === 'true') {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    watches.get(kind)?.add(response);
    response.on('close', () => watches.get(kind)?.delete(response));
    return;
  }
  const from = Number(query.get('continue') ?? 0);
  const to = from + (Number(query.get('limit') ?? 0) || all.length);
  const metadata = { resourceVersion: '1000', ...(to < all.length && { continue: String(to) }) };
  const items = all.slice(from, to).map(({ json }) => json);
  response.writeHead(200, { 'content-type': 'application/json' });
  send(response, `{"kind":"List","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`);
}

const Call = z.object({
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string(),
  params: z
    .object({ arguments: z.object({ kind: z.string(), namespace: z.string().optional() }).optional() })
    .optional(),
});

async function callTool(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(request.method === 'DELETE' ? 204 : 405).end();
    return;
  }
  const { id, method, params } = Call.parse(JSON.parse(await text(request)));
  const reply = (result: string): void => {
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'bench' });
    send(response, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`);
  };
  if (id === undefined) response.writeHead(202).end();
  else if (method === 'initialize') {
    const serverInfo = { name: 'bench', version: '1' };
    reply(JSON.stringify({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }));
  } else if (method === 'tools/list') {
    reply(JSON.stringify({ tools: [{ name: 'resources_list', inputSchema: { type: 'object' } }] }));
  } else if (method === 'tools/call') {
    const { kind, namespace } = params?.arguments ?? {};
    const plural = WATCHED_KINDS.find((one) => KINDS[one].kind === kind) ?? 'events';
    const wanted = (objects.get(plural) ?? []).filter((one) => namespace === undefined || one.namespace === namespace);
    const yaml = wanted.length > 0 ? wanted.map((one) => one.yaml).join('') : '# No resources found';
    const structured = `,"structuredContent":{"items":[${wanted.map(({ json }) => json).join(',')}]}`;
    reply(`{"content":[{"type":"text","text":${JSON.stringify(yaml)}}]${form === 'structured' ? structured : ''}}`);
  } else reply('{}');
}

const BY_PLURAL = new Map<string, WatchedKind>(WATCHED_KINDS.map((kind) => [KINDS[kind].plural, kind]));
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://bench');
  const kind = BY_PLURAL.get(url.pathname.split('/').at(-1) ?? '');
  if (url.pathname === '/mcp') void callTool(request, response);
  else if (kind) list(response, kind, url.searchParams);
  else response.writeHead(404).end('{}');
});

const Order = z.discriminatedUnion('order', [
  z.object({ order: z.literal('change'), pod: z.number(), crashing: z.boolean().default(false) }),
  z.object({ order: z.literal('bytes') }),
]);

process.on('message', (message) => {
  const order = Order.parse(message);
  if (order.order === 'bytes') {
    process.send?.({ bytes });
    return;
  }
  const changed = podAt(order.pod, order.crashing);
  const list: SentObject[] = objects.get('pods' satisfies SentKind) ?? [];
  list[order.pod] = changed;
  const line = `{"type":"MODIFIED","object":${changed.json}}\n`;
  bytes += line.length;
  for (const watch of watches.get('pods') ?? []) watch.write(line);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 });
});
