import { parseSetCookie } from 'cookie';
import { request } from 'node:http';

/** What a browser does for a login: keeps cookies, and names the page that a form is on. It follows no redirect by itself. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** As a link that is opened. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send('GET', path, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...headers });
  }

  /** As a form of a page of this origin, unless the headers say otherwise. `-`: a header that is left out. */
  async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const own = { origin: new URL(this.#base).origin, 'sec-fetch-site': 'same-origin', accept: 'text/html' };
    const sent = Object.entries({ ...own, ...headers }).filter(([, value]) => value !== '-');
    return this.send('POST', path, Object.fromEntries(sent), new URLSearchParams(form));
  }

  async send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: URLSearchParams,
  ): Promise<Response> {
    const url = new URL(path, this.#base);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(cookie !== '' && { cookie }) },
      ...(body && { body }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string): void {
    const { name, value = '', maxAge } = parseSetCookie(line);
    if (maxAge === 0) this.cookies.delete(name);
    else this.cookies.set(name, encodeURIComponent(value));
  }
}

/** Sends a request with exactly these headers, which fetch would change; also from another address of this machine. */
export async function rawRequest(
  url: string,
  headers: string[],
  { localAddress, method = 'GET' }: { localAddress?: string; method?: string } = {},
): Promise<{ status: number | undefined; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const sent = request(url, { method, headers, ...(localAddress !== undefined && { localAddress }) }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => (body += text));
    response.on('end', () => resolve({ status: response.statusCode, body }));
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}
