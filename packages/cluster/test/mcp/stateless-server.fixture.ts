import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export interface StatelessServer {
  endpoint: string;
  /** JSON-RPC methods, with the names of tools, in order; `GET` and `DELETE` as well. */
  asked: string[];
  /** Headers of every request. */
  headers: Headers[];
  /** What `resources_list` lists, by kind. */
  lists: Record<string, object[]>;
}

const Called = z.object({ method: z.string(), params: z.object({ name: z.string().optional() }).optional() });
const TOOLS = ['resources_list', 'resources_get', 'events_subscribe', 'events_list_subscriptions'];

/**
 * A server of the MCP SDK 2 without sessions, on a port of its own. It has the tools of an event-emitting server.
 * @param legacy `reject`: it speaks 2026-07-28 and nothing else; `stateless`: it answers clients of 2025 too, also without a session
 */
export async function startStatelessServer(legacy: 'reject' | 'stateless'): Promise<StatelessServer> {
  const started: StatelessServer = { endpoint: '', asked: [], headers: [], lists: {} };
  const handler = createMcpHandler(
    () => {
      const server = new Server({ name: 'stateless', version: '1' }, { capabilities: { tools: {}, logging: {} } });
      server.setRequestHandler('tools/list', () => ({
        tools: TOOLS.map((name) => ({ name, inputSchema: { type: 'object' as const } })),
      }));
      server.setRequestHandler('tools/call', ({ params }) => {
        const items = started.lists[String(params.arguments?.kind)] ?? [];
        return {
          content: [{ type: 'text' as const, text: '# see the structured content' }],
          structuredContent: { items },
        };
      });
      return server;
    },
    { legacy },
  );
  const http = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const headers = new Headers();
      for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
      started.headers.push(headers);
      started.asked.push(request.method === 'POST' ? calledIn(body) : `${request.method}`);
      const init = { method: request.method ?? 'GET', headers, ...(body !== '' && { body }) };
      const answer = await handler.fetch(new Request(started.endpoint, init));
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  const address = http.address();
  started.endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/mcp`;
  return started;
}

function calledIn(body: string): string {
  const { method, params } = Called.parse(JSON.parse(body));
  return [method, params?.name ?? ''].join(' ').trim();
}
