import { ApiFailure } from '@nightcrier/core/api/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CallRoute } from './tools.ts';

/** A call that the API refused; the message is the API's. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
}

/** Headers that belong to the request of the MCP client, and not to a call of the API. */
const OWN_HEADERS = /^(?:content-|transfer-|mcp-|accept|connection$|if-|upgrade$|expect$|te$)/;

/**
 * Returns what calls routes of the API within this process, as the client of a request and with its credentials: roles, authors, limits
 * and the audit log are those of the API.
 */
export function callAs(app: FastifyInstance, request: FastifyRequest): CallRoute {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !OWN_HEADERS.test(name)));
  return async ({ method, path }, { params = {}, query = {}, body } = {}) => {
    const named = path.replaceAll(/:(\w+)/g, (_, name: string) =>
      encodeURIComponent((params[name] ?? '').toWellFormed()),
    );
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const answer = await app.inject({
      method,
      url: named,
      query: Object.fromEntries(given),
      headers: { ...headers, accept: 'application/json, text/markdown' },
      remoteAddress: request.raw.socket.remoteAddress ?? '127.0.0.1',
      ...(body && { payload: body }),
    });
    if (answer.statusCode < 400) return answer.payload;
    throw new ToolFailure(failureOf(answer.payload) ?? `the API answered ${answer.statusCode}`);
  };
}

function failureOf(text: string): string | undefined {
  try {
    return ApiFailure.safeParse(JSON.parse(text)).data?.detail;
  } catch {
    return undefined;
  }
}
