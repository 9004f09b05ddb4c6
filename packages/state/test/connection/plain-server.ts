import { execa } from 'execa';
import { freePort } from '../../../simulator/src/free-port.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, vi } from 'vitest';

export interface PlainServer extends AsyncDisposable {
  port: number;
}

/** Starts a redis-server with these settings in a folder of its own. Resolves when it listens. */
export async function startPlainServer(settings: Record<string, string>): Promise<PlainServer> {
  const port = await freePort();
  const dir = await mkdtemp(path.join(tmpdir(), 'nightcrier-redis-'));
  const listens = 'tls-port' in settings ? { port: '0', 'tls-port': String(port) } : { port: String(port) };
  const all = { bind: '127.0.0.1', save: '', dir, ...settings, ...listens };
  const server = execa(
    'redis-server',
    Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')]),
    {
      reject: false,
      stdio: 'ignore',
    },
  );
  await vi.waitFor(async () => expect(await accepts(port)).toBe(true), { timeout: 30_000 });
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL');
      await server;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
