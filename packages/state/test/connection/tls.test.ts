import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectProducer, connectWorker, disconnect } from '../../src/redis/connection.ts';
import { startPlainServer } from './plain-server.ts';

let folder: string;
const file = (name: string): string => path.join(folder, name);
const openssl = async (...words: string[]): Promise<void> => void (await execa('openssl', words, { cwd: folder }));

/** Makes a certificate for `redis.internal`, or a client, signed by an authority of its own. */
async function certify(name: string, subject: string): Promise<void> {
  await openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${subject}`,
    '-addext',
    `subjectAltName=DNS:${subject}`,
  );
  await openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
    '-out',
    `${name}.pem`,
  );
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-tls-'));
  await openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
  );
  await certify('server', 'redis.internal');
  await certify('client', 'nightcrier');
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

test('TLS with an authority, a client certificate and a server name of the configuration', async () => {
  await using server = await startPlainServer({
    'tls-port': '',
    'tls-cert-file': file('server.pem'),
    'tls-key-file': file('server.key'),
    'tls-ca-cert-file': file('ca.pem'),
    'tls-auth-clients': 'yes',
    requirepass: 'of-the-server',
  });
  const settings = {
    url: `rediss://:of-the-server@127.0.0.1:${server.port}`,
    key_prefix: 'k',
    ca_file: file('ca.pem'),
    client_cert_file: file('client.pem'),
    client_key_file: file('client.key'),
    server_name: 'redis.internal',
  };
  const redis = connectWorker(settings, silentLogger);
  // A duplicate, as BullMQ opens it, connects in the same way.
  const duplicate = redis.duplicate();
  expect(await Promise.all([redis.ping(), duplicate.ping()])).toEqual(['PONG', 'PONG']);
  await Promise.all([disconnect(redis), disconnect(duplicate)]);

  const failures: [object, RegExp][] = [
    [{ server_name: 'other.internal' }, /does not match certificate's altnames|Hostname/],
    [{ ca_file: undefined }, /self-signed certificate|unable to (?:get|verify)/],
    [{ client_cert_file: undefined, client_key_file: undefined }, /certificate required|ECONNRESET|closed/i],
  ];
  for (const [change, message] of failures) {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (fields) => errors.push(String(Reflect.get(fields, 'error'))) };
    const refused = connectProducer({ ...settings, ...change }, logger);
    await expect.poll(() => errors.join(), { timeout: 30_000 }).toMatch(message);
    await disconnect(refused);
  }
});
