import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { createMcpTransport } from '../../src/mcp/transport.ts';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function heapMegabytes(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed / (1 << 20);
}

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket')).length;

test('500 reconnects leave no session, no stream, no socket and no memory behind', async () => {
  const server = await ScriptedServer.start();
  const transport = createMcpTransport();
  onTestFinished(() => transport.destroy());
  const reconnect = { initialBackoff: 1, maxBackoff: 1, multiplier: 1, jitter: 0, stableAfter: 30_000 };
  const clusters = Array.from({ length: 10 }, (_, index) =>
    watchCluster(server.endpoint, { name: `cluster-${index}`, transport, reconnect }),
  );
  const settled = async (): Promise<void> => {
    await Promise.all(clusters.map(({ active }) => active()));
    await expect
      .poll(() => [server.sessions.size, server.streams.size], { timeout: 10_000, interval: 5 })
      .toEqual([10, 10]);
  };
  const reconnectAll = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      const opened = server.sessionsOpened;
      server.streams.forEach((stream) => stream.destroy());
      await expect.poll(() => server.sessionsOpened, { timeout: 10_000, interval: 5 }).toBe(opened + 10);
      await settled();
    }
    for (const { lines, statuses } of clusters) lines.length = statuses.length = 0;
    server.asked.length = server.headers.length = 0;
  };

  await settled();
  await reconnectAll(10);
  const before = { heap: heapMegabytes(), sockets: sockets() };
  await reconnectAll(50);
  expect(sockets()).toBeLessThanOrEqual(before.sockets + 20);
  expect(heapMegabytes() - before.heap).toBeLessThan(3);
});
