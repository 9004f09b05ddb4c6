import type { IncomingMessage } from 'node:http';
import { httpError } from './http-error.ts';

/**
 * Refuses a request whose host is unclear: without a Host header, with several, or with another one in its URL. A proxy and this server could
 * understand it in different ways.
 * @throws HttpError bad_request
 */
export function assertOneHost({ rawHeaders, headers, httpVersion, url = '' }: IncomingMessage): void {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1) throw httpError('bad_request', `the request has ${hosts} Host headers`);
  if (hosts === 0 && httpVersion === '1.1') throw httpError('bad_request', 'the request has no Host header');
  const absolute = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (absolute !== undefined && absolute.toLowerCase() !== headers.host?.toLowerCase())
    throw httpError('bad_request', 'the URL of the request names another host than its Host header');
}
