import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { createServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { Secret } from '@nightcrier/core/settings/secret';
import { createCertificate } from '@nightcrier/simulator/kubernetes/api/certificate';
import { expect, onTestFinished, test } from 'vitest';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

const patient = { timeout: 60_000 };

/** The server behind TLS; returns its endpoint. */
async function behindTls(
  server: ScriptedServer,
  options: TlsOptions,
  admits: (socket: TLSSocket) => boolean = () => true,
): Promise<string> {
  const { port } = new URL(server.endpoint);
  const front = createServer(options, (socket) => {
    if (!admits(socket)) {
      socket.on('error', () => undefined).destroy();
      return;
    }
    const inner = connect(Number(port), '127.0.0.1');
    socket.on('error', () => inner.destroy()).pipe(inner);
    inner.on('error', () => socket.destroy()).pipe(socket);
  });
  front.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void front.close());
  const address = front.address();
  return `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/mcp`;
}

test('a server with a certificate of its own authority is reached with ca_file, and not without', async () => {
  const certificate = await createCertificate(['127.0.0.1']);
  const endpoint = await behindTls(await ScriptedServer.start(), certificate);
  const without = watchCluster(endpoint);
  await without.failed(/self-signed|unable to verify/);
  const watched = watchCluster(endpoint, { readAccess: async () => ({ tls: { ca: certificate.cert } }) });
  await watched.active();
  expect(without.statuses).not.toContain('active');
});

test('a server that requests a client certificate receives it', async () => {
  const [own, client] = await Promise.all([createCertificate(['127.0.0.1']), createCertificate(['nightcrier'])]);
  const options = { ...own, requestCert: true, rejectUnauthorized: false };
  const shown = new X509Certificate(client.cert).fingerprint256;
  const admits = (socket: TLSSocket): boolean => socket.getPeerX509Certificate()?.fingerprint256 === shown;
  const endpoint = await behindTls(await ScriptedServer.start(), options, admits);
  const without = watchCluster(endpoint, { readAccess: async () => ({ tls: { ca: own.cert } }) });
  await without.failed();
  const tls = { ca: own.cert, cert: client.cert, key: client.key };
  await watchCluster(endpoint, { readAccess: async () => ({ tls }) }).active();
  expect(without.statuses).not.toContain('active');
});

test('a rotated certificate is used at the next connect', async () => {
  const [own, old] = await Promise.all([createCertificate(['127.0.0.1']), createCertificate(['127.0.0.1'])]);
  const endpoint = await behindTls(await ScriptedServer.start(), own);
  let ca = old.cert;
  const watched = watchCluster(endpoint, { readAccess: async () => ({ tls: { ca } }) });
  await watched.failed();
  ca = own.cert;
  await watched.active();
  expect(watched.connection.health()).not.toHaveProperty('error');
});

test('an invalid certificate is the reported error', async () => {
  const endpoint = await behindTls(await ScriptedServer.start(), await createCertificate(['127.0.0.1']));
  const tls = { ca: 'no PEM', cert: 'no PEM', key: 'no PEM' };
  const watched = watchCluster(endpoint, { readAccess: async () => ({ tls }) });
  await watched.failed();
  expect(watched.connection.health().error).toMatch(/PEM|certificate/i);
});

test('the extra headers go out with every request, and into no log', async () => {
  const server = await ScriptedServer.start();
  const headers = { 'X-Tenant': new Secret('tenant-7') };
  const watched = watchCluster(server.endpoint, { readAccess: async () => ({ headers }) });
  await watched.active();
  await watched.connection.stop();
  expect(new Set(server.headers.map((sent) => sent['x-tenant']))).toEqual(new Set(['tenant-7']));
  expect(JSON.stringify(watched.lines)).not.toContain('tenant-7');
});

test.each([401, 403])('HTTP %i is retried after the longest backoff', async (status) => {
  const server = await ScriptedServer.start({ post: (_, response) => Boolean(response.writeHead(status).end()) });
  const reconnect = { initialBackoff: 50, maxBackoff: 60_000, multiplier: 2, jitter: 0.1, stableAfter: 30_000 };
  const watched = watchCluster(server.endpoint, { reconnect });
  await watched.failed(/check/);
  const retry = () => Number.parseFloat(watched.connection.health().retry_in ?? '0');
  await expect.poll(retry, patient).toBeGreaterThan(50);
});
