import { Secret } from '@nightcrier/core/settings/secret';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { MonitoringClient } from '../../src/evidence/collect/monitoring-client.ts';
import { email } from '../../src/notification/targets/email.ts';
import { post } from '../../src/notification/targets/post.ts';

const never = new AbortController().signal;

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => '',
    (error: unknown) => String(error),
  );
}

test('of a secret at which the text of an error is cut, nothing is left', async () => {
  const secret = new Secret('planted-webhook-key-0123456789');
  const host = await listen(
    createHttpServer((request, response) => {
      response.writeHead(500).end(`${'x'.repeat(185)}${String(request.headers['x-key'])}`);
    }),
  );
  const sent = post('the webhook', `http://${host}/`, {
    body: '{}',
    headers: { 'x-key': secret.reveal() },
    signal: never,
  });
  const message = await messageOf(sent);
  expect(message).toContain('answered 500');
  expect(message).not.toContain('planted');
});

test('the signature in the URL of a webhook is hidden, however the receiver repeats it', async () => {
  const host = await listen(
    createHttpServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://receiver');
      response.writeHead(401).end(`wrong signature ${searchParams.get('sig')}`);
    }),
  );
  const url = new Secret(`http://${host}/workflows/invoke?sv=1.0&sig=planted%2Bsignature`);
  const message = await messageOf(post('Teams', url.reveal(), { body: '{}', signal: never }));
  expect(message).toContain('wrong signature [secret]');
});

test('a login that an SMTP server repeats is hidden', async () => {
  const smarthost = await listen(
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('220 mail ESMTP\r\n');
      socket.on('data', (data) => {
        const line = String(data).trim();
        if (line.startsWith('EHLO')) socket.write('250-mail\r\n250 AUTH PLAIN\r\n');
        else socket.write(`535 cannot handle: ${line}\r\n`);
      });
    }),
  );
  const target = email(
    { id: 'team.email.0', receiver: 'team' },
    {
      to: ['team@example.org'],
      from: 'nightcrier@example.org',
      smarthost,
      username: 'night',
      readPassword: () => Promise.resolve(new Secret('planted-smtp-password')),
      requireTls: false,
      caFile: undefined,
    },
  );
  const message = await messageOf(Promise.resolve(target.check?.(never)));
  expect(message).toContain('cannot handle: AUTH PLAIN');
  expect(message).toContain('[secret]');
  const [, digits = ''] = /AUTH PLAIN (\S*)/.exec(message) ?? [];
  expect(Buffer.from(digits, 'base64').toString()).not.toContain('plant');
});

test('the password of Prometheus does not reach the evidence by an error that repeats it', async () => {
  const host = await listen(
    createHttpServer((request, response) => response.writeHead(500).end(`bad header ${request.headers.authorization}`)),
  );
  await using client = new MonitoringClient({
    access: { username: 'reader', password: new Secret('planted-prometheus') },
    timeout: 30_000,
  });
  const message = await messageOf(client.getJson(`http://${host}`, '/api/v1/query', []));
  expect(message).toContain('bad header Basic');
  const [, digits = ''] = /Basic ([\w+/]*)/.exec(message) ?? [];
  expect(Buffer.from(digits, 'base64').toString()).toMatch(/^reader:?.?$/);
});
