import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';
import { heapMegabytes } from './heap.ts';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket')).length;

/** Unlike `expect.poll`, of which vitest remembers every call until the test ends. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come');
    await sleep(2);
  }
}

test('2,000 reconnects leave no session, no stream, no socket and no memory behind', async () => {
  const server = await ScriptedServer.start();
  const transport = createMcpTransport();
  onTestFinished(() => transport.destroy());
  const reconnect = { initialBackoff: 1, maxBackoff: 1, multiplier: 1, jitter: 0, stableAfter: 30_000 };
  const clusters = Array.from({ length: 10 }, (_, index) =>
    watchCluster(server.endpoint, { name: `cluster-${index}`, transport, reconnect }),
  );
  const settled = (opened: number): Promise<void> =>
    until(
      () =>
        server.sessionsOpened === opened &&
        server.sessions.size === 10 &&
        server.streams.size === 10 &&
        clusters.every(({ connection }) => connection.health().status === 'active'),
    );
  const reconnectAll = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      const opened = server.sessionsOpened;
      server.streams.forEach((stream) => stream.destroy());
      await settled(opened + 10);
      for (const { lines, statuses } of clusters) lines.length = statuses.length = 0;
      server.asked.length = server.headers.length = 0;
    }
  };

  await settled(10);
  // Until everything is compiled and every cache is full.
  await reconnectAll(100);
  const before = { heap: heapMegabytes(), sockets: sockets() };
  await reconnectAll(200);
  expect(sockets()).toBeLessThanOrEqual(before.sockets + 20);
  expect(heapMegabytes() - before.heap).toBeLessThan(3);
}, 300_000);
