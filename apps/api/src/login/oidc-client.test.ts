import { Secret } from '@nightcrier/core/settings/secret';
import { Settings } from '@nightcrier/core/settings/config';
import { createLogger } from '@nightcrier/runtime/process/logger';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { OidcClient } from './oidc-client.ts';

/** A provider that repeats each request for tokens in its error. */
async function startEcho(methods: string[]): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      response.setHeader('content-type', 'application/json');
      if (request.method === 'GET')
        response.end(
          JSON.stringify({
            issuer: issuer(),
            authorization_endpoint: `${issuer()}/authorize`,
            token_endpoint: `${issuer()}/token`,
            token_endpoint_auth_methods_supported: methods,
          }),
        );
      else {
        const received = `${request.headers.authorization ?? ''} ${await text(request)}`;
        response.writeHead(400).end(JSON.stringify({ error: 'invalid_client', error_description: received }));
      }
    };
    void answer();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  function issuer(): string {
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }
  return issuer();
}

test.each(['client_secret_basic', 'client_secret_post'])(
  'a provider that repeats the secret of the client, sent by %s, does not bring it into the log',
  async (method) => {
    const secret = 'planted-client_secret~of+this/test';
    const { oidc } = Settings.parse({
      api: { auth: { oidc: { issuer: await startEcho([method]), client_id: 'nightcrier', client_secret: secret } } },
    }).api.auth;
    expect(oidc.client_secret).toBeInstanceOf(Secret);
    const client = new OidcClient();
    const { attempt } = await client.begin(oidc, 'http://127.0.0.1/callback');
    const callback = new URL(`http://127.0.0.1/callback?code=c&state=${attempt.state}&iss=${oidc.issuer}`);
    const stream = new PassThrough();
    const logger = createLogger('api', 'debug', stream);
    await client.complete(oidc, callback, attempt).catch((error: unknown) => logger.warn({ error }, 'login failed'));
    stream.end();
    const log = await text(stream);
    expect(log).toContain('invalid_client');
    expect(log).toContain('[secret]');
    expect(log).not.toContain('planted');
    for (const [, digits = ''] of log.matchAll(/Basic ([\w+/]*)/g))
      expect(Buffer.from(digits, 'base64').toString()).not.toContain('planted');
  },
);
