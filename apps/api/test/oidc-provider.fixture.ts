import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { Browser } from './browser.fixture.ts';

export const CLIENT = { id: 'nightcrier', secret: 'the secret of the client' } as const;

export interface TestProvider extends AsyncDisposable {
  issuer: string;
  /** Groups of each user. */
  groups: Map<string, string[]>;
  /** Logs a user in and consents, as a person does in a browser. Returns where the provider sends the browser. */
  logIn(url: string, user: string): Promise<string>;
}

/** A real OpenID Connect provider, which requires PKCE. Claims of scopes are in the user info, not in the ID token. */
export async function startProvider(redirectUri: string, host = '127.0.0.1'): Promise<TestProvider> {
  const http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('the provider has no address');
  const issuer = `http://${host}:${address.port}`;
  const groups = new Map<string, string[]>();
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUri] }],
    claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
    pkce: { required: () => true },
    cookies: { keys: ['a key of the test'] },
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, email: `${accountId}@example.com`, groups: groups.get(accountId) ?? [] }),
    }),
  });
  const handle = provider.callback();
  http.on('request', (request, response) => {
    void handle(request, response);
  });
  return {
    issuer,
    groups,
    logIn: async (url, user) => walk(issuer, url, user),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

async function walk(issuer: string, start: string, user: string): Promise<string> {
  const browser = new Browser(issuer);
  let next = start;
  for (let step = 0; step < 12; step += 1) {
    if (!next.startsWith(issuer)) return next;
    let response = await browser.get(next);
    if (response.status === 200) {
      const page = await response.text();
      const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
      const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1] ?? '';
      response = await browser.post(action, { prompt, ...(prompt === 'login' && { login: user, password: 'any' }) });
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`the provider answered ${response.status}: ${await response.text()}`);
    next = new URL(location, issuer).href;
  }
  throw new Error('the provider does not end');
}
