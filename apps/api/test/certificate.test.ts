import { Settings } from '@nightcrier/core/settings/config';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { Secret } from '@nightcrier/core/settings/secret';
import { execa } from 'execa';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { Certificate } from '../src/certificate.ts';
import { openApi } from './api-under-test.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(async () => redis.stop());

async function newPair(): Promise<{ cert: string; key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' });
  return { cert, key };
}

async function newFiles() {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-tls-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const files = { certFile: path.join(folder, 'tls.crt'), keyFile: path.join(folder, 'tls.key') };
  const pair = await newPair();
  await writeFile(files.certFile, pair.cert);
  await writeFile(files.keyFile, pair.key);
  return { files, pair };
}

/** The certificate that a server shows to a new connection. */
async function shownBy(port: number, maxVersion: SecureVersion = 'TLSv1.3'): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion,
    ciphers: 'ALL@SECLEVEL=0',
  });
  try {
    await once(socket, 'secureConnect');
    return `-----BEGIN CERTIFICATE-----\n${socket.getPeerCertificate().raw.toString('base64')}`.replaceAll(/\s/g, '');
  } finally {
    socket.destroy();
  }
}

const plain = (pem: string): string => pem.replace(/-----END CERTIFICATE-----\s*$/, '').replaceAll(/\s/g, '');

describe('the certificate of the API', () => {
  test.each([true, false])('is no obstacle for the health check of the compose file; with TLS: %s', async (tls) => {
    const { files } = await newFiles();
    const options = tls ? { certificate: files, tls } : {};
    const compose = await readFile(path.join(import.meta.dirname, '../../../docker-compose.yml'), 'utf8');
    const line = compose.split('\n').find((one) => one.includes('/readyz')) ?? '';
    const code = String(JSON.parse(line.trim().replace(/,$/, '')));
    let port: string;
    {
      await using api = await openApi(redis.url, options);
      ({ port } = new URL(api.url));
      const check = async () => execa(process.execPath, ['-e', code.replace('8080', port)]);
      await vi.waitFor(check, { timeout: 60_000 });
    }
    const stopped = await execa(process.execPath, ['-e', code.replace('8080', port)], { reject: false });
    expect(stopped.exitCode).toBe(1);
  });

  test('is served by HTTPS, TLS 1.2 or later, with a cookie for HTTPS alone', async () => {
    const { files, pair } = await newFiles();
    await using api = await openApi(redis.url, {
      certificate: files,
      tls: true,
      accessKey: new Secret('correct horse battery'),
      auth: Settings.parse({}).api.auth,
    });
    expect(api.url).toMatch(/^https:/);
    const port = Number(new URL(api.url).port);
    expect(await shownBy(port)).toBe(plain(pair.cert));
    expect(await shownBy(port, 'TLSv1.2')).toBe(plain(pair.cert));
    await expect(shownBy(port, 'TLSv1.1')).rejects.toThrow(/protocol version|no protocols|unsupported protocol/i);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    get(`${api.url}/healthz`, { ca: pair.cert, checkServerIdentity: () => undefined }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    expect(await promise).toBe(200);
  });

  test.each([
    ['is missing', async (files: { certFile: string }) => rm(files.certFile)],
    ['has an empty key', async (files: { keyFile: string }) => writeFile(files.keyFile, '')],
    ['is no certificate', async (files: { certFile: string }) => writeFile(files.certFile, 'x')],
    [
      'does not belong to the key',
      async (files: { certFile: string }) => writeFile(files.certFile, (await newPair()).cert),
    ],
  ])('that %s is an error at the start', async (_, damage) => {
    const { files } = await newFiles();
    await damage(files);
    await expect(openApi(redis.url, { certificate: files, tls: true })).rejects.toThrow(
      `api.tls: ${files.certFile} and ${files.keyFile} cannot be used: `,
    );
  });

  test('is replaced for new connections when the files are, and not by a pair that does not fit together', async () => {
    const { files, pair } = await newFiles();
    const logged: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      info: (_fields: unknown, message?: string) => void logged.push(message ?? ''),
      error: (_fields: unknown, message?: string) => void logged.push(message ?? ''),
    };
    const certificate = await Certificate.read(files, logger, 20);
    const server = createServer(certificate.options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      await certificate.stop();
      server.close();
    });
    certificate.renew(server);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens has one
    const { port } = server.address() as AddressInfo;
    const renewed = await newPair();
    await writeFile(files.certFile, renewed.cert);
    await expect.poll(() => logged, { timeout: 30_000 }).toEqual(['certificate not renewed']);
    expect(await shownBy(port)).toBe(plain(pair.cert));
    await writeFile(files.keyFile, renewed.key);
    await expect.poll(async () => shownBy(port), { timeout: 30_000 }).toBe(plain(renewed.cert));
    expect(logged).toEqual(['certificate not renewed', 'certificate renewed']);
  });
});
