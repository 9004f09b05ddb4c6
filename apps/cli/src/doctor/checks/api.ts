import { createServer } from 'node:net';
import { Agent, request } from 'undici';
import type { Check, CheckContext } from '../check.ts';
import { failed, type Finding, ok, reasonOf } from '../finding.ts';

/** The address of the API: Nightcrier answers there, or it can listen there. */
export const api: Check = {
  name: 'api',
  examine: ({ config }) => [{ subject: addressOf(config), run: async (signal) => [await inspect(config, signal)] }],
};

async function inspect(config: CheckContext['config'], signal: AbortSignal): Promise<Finding> {
  const { host, port } = config.api;
  const address = addressOf(config);
  if (port === 0) return ok(address, 'any free port');
  try {
    await listen(host, port);
    return ok(address, 'free; no API runs here now');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EADDRINUSE') {
      if (await isOurs(config.api, signal)) return ok(address, 'the API answers');
      return failed(
        address,
        'another program listens here',
        `set api.port to a free one; who listens: ss -ltnp sport = :${port}`,
      );
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      return failed(
        address,
        `this machine has no address ${host}`,
        'set api.host to 127.0.0.1, or to 0.0.0.0 with api.access_key_file',
      );
    }
    if (code === 'EACCES') return failed(address, reasonOf(error), 'set api.port to 1024 or above');
    return failed(address, reasonOf(error), 'correct api.host and api.port');
  }
}

async function listen(host: string, port: number): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, () => server.close(() => resolve()));
  await promise;
}

async function isOurs({ host, port, tls }: CheckContext['config']['api'], signal: AbortSignal): Promise<boolean> {
  const name = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
  const scheme = tls.cert_file === undefined ? 'http' : 'https';
  // The certificate is for the name that clients use; nothing secret is sent.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
    const url = `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}/healthz`;
    const { body } = await request(url, { dispatcher, signal: timeout });
    return (await body.text()) === '{"status":"ok"}';
  } catch {
    return false;
  } finally {
    await dispatcher.destroy();
  }
}

function addressOf({ api: { host, port } }: CheckContext['config']): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
