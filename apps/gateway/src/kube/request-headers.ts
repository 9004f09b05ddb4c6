import { type Denial, deny } from './denial.ts';

/** Headers that would change who asks, what is asked, or how the connection is used. None is ever forwarded either. */
const FORBIDDEN: readonly [pattern: RegExp, why: string][] = [
  [/^impersonate-/, 'it impersonates another user'],
  [/^x-remote-/, 'it claims an identity'],
  [/^x-(?:http-)?method(?:-override)?$/, 'it overrides the method'],
  [/^x-(?:original|rewrite)-(?:url|uri|method)$/, 'it overrides the path'],
  [/^(?:upgrade|http2-settings)$/, 'it changes the protocol'],
  [/^sec-websocket-/, 'it opens a WebSocket'],
  [/^x-stream-protocol-version$/, 'it opens a stream'],
  [/^(?:transfer-encoding|te|trailer)$/, 'bodies have a plain length here'],
  [/^proxy-/, 'it is for a proxy'],
  [/^expect$/, 'it delays the body'],
  [/^content-encoding$/, 'bodies are not compressed here'],
];

/** A second value of one of these could be read instead of the first. */
const ONCE = new Set(['authorization', 'host', 'content-length', 'content-type', 'connection']);

/** Returns why the headers are denied; undefined if they are not. */
export function headerProblem(method: string, rawHeaders: readonly string[]): Denial | undefined {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = (rawHeaders[index + 1] ?? '').trim().toLowerCase();
    const forbidden = FORBIDDEN.find(([pattern]) => pattern.test(name));
    if (forbidden) return deny('header', `the header ${name} is not accepted: ${forbidden[1]}`);
    if (ONCE.has(name) && seen.has(name)) return deny('header', `the header ${name} occurs twice`);
    seen.add(name);
    if (name === 'connection' && value !== 'keep-alive' && value !== 'close') {
      return deny('header', 'the header connection names other headers or a protocol');
    }
    if (name === 'content-length' && method === 'GET' && value !== '0') return deny('body', 'a GET has no body');
  }
  return undefined;
}
