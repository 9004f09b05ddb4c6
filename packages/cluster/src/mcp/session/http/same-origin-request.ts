import { errors } from 'undici';
import { ConnectionError } from '../connection-error.ts';
import { exchange, type ExchangeOptions, type HttpAnswer } from '../../../outgoing/exchange.ts';

/** Redirects that keep the place of what was asked; 303 asks for something else. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const MOST_HOPS = 3;

/**
 * Sends a request and follows redirects within the origin, with the same method and body: MCP has nothing that could be asked
 * for in another way. Another origin is given nothing, above all no credentials.
 * @throws ConnectionError `redirected`, which names the Location; errors of the network as undici throws them
 */
export async function requestSameOrigin(endpoint: string | URL, options: ExchangeOptions): Promise<HttpAnswer> {
  let url = new URL(endpoint);
  for (let hop = 0; ; hop += 1) {
    const response = await requestAgain(url, options);
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode) || typeof location !== 'string') return response;
    await response.body.drop();
    const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (target?.origin !== url.origin) {
      throw redirected(
        endpoint,
        location,
        'another origin; if it is the right one, set mcp.endpoint of this cluster to it',
      );
    }
    if (hop === MOST_HOPS)
      throw redirected(endpoint, location, 'and on and on; check mcp.endpoint and any proxy before it');
    url = target;
  }
}

/** Sends a request, and once more when the server closed the idle connection in the moment in which it was used again. */
async function requestAgain(url: URL, options: ExchangeOptions): Promise<HttpAnswer> {
  try {
    return await exchange(url, options);
  } catch (error) {
    // A connection that has carried an answer before. The server does not read from one that it closes.
    const isReused = error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
    if (!isReused) throw error;
    return exchange(url, options);
  }
}

function redirected(endpoint: string | URL, location: string, what: string): ConnectionError {
  return new ConnectionError('redirected', `${String(endpoint)} redirects to ${location}, ${what}`);
}
