import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { principalOf } from '../access/protect.ts';
import { READS } from '../access/route-roles.ts';
import { callAs } from './call-route.ts';

/** A tool may call several routes, each within the time of a request. */
const HANDLER_TIMEOUT_MS = 15_000;

/**
 * `/mcp`: the MCP server, over streamable HTTP without sessions, for clients of both eras of the protocol. Access, host and origin are
 * checked as for every route; tools that change something need the role of the route that they call.
 */
export function mcpRoutes(app: FastifyInstance): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // Most installations serve no MCP client, and need no memory for it.
    const { createMcpHandler } = await import('@modelcontextprotocol/server');
    const { mcpServer } = await import('./mcp-server.ts');
    const handler = createMcpHandler(() => mcpServer(principalOf(request), callAs(app, request)));
    const response = await handler.fetch(asWebRequest(request), { parsedBody: request.body });
    return reply.send(response);
  };
  for (const method of ['GET', 'POST', 'DELETE'] as const)
    app.route({
      method,
      url: '/mcp',
      ...READS,
      handlerTimeout: HANDLER_TIMEOUT_MS,
      exposeHeadRoute: false,
      handler: answer,
    });
}

function asWebRequest({ method, headers, host, originalUrl }: FastifyRequest): Request {
  const copied = new Headers();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) copied.set(name, String(value));
  return new Request(new URL(originalUrl, `http://${host}`), { method, headers: copied });
}
