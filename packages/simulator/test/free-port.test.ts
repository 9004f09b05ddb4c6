import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../src/free-port.ts';

/** Starts a server on a port. */
async function listenOn(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

test('ports are free, differ, and are not among those that the system assigns', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, async () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(12_000);
    expect(port).toBeLessThan(32_768);
    await listenOn(port);
  }
});

test('a port in use is left out', async () => {
  const port = await freePort();
  const used = Array.from({ length: 5 }, (_, at) => port + 1 + at);
  for (const one of used) await listenOn(one);
  expect(used).not.toContain(await freePort());
});
