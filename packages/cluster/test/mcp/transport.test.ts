import { expect, onTestFinished, test } from 'vitest';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';
import pLimit from 'p-limit';
import { heapMegabytes } from './heap.ts';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

test('250 clusters behind one address share one transport, each with its stream open, in a quarter of the memory of the design', async () => {
  const transport = createMcpTransport();
  onTestFinished(() => transport.destroy());
  const server = await ScriptedServer.start();
  const connectLimit = pLimit(50);
  // All of them end at once, and this machine may be busy.
  const timeouts = { connect: 60_000, call: 60_000, close: 60_000, subscribe: 60_000, list: 60_000, proof: 60_000 };
  const before = heapMegabytes();
  const clusters = Array.from({ length: 250 }, (_, index) =>
    watchCluster(server.endpoint, { name: `cluster-${index}`, transport, connectLimit, timeouts }),
  );
  const active = () => clusters.filter(({ connection }) => connection.health().status === 'active').length;
  await expect.poll(active, { timeout: 120_000, interval: 50 }).toBe(250);
  expect(server.streams.size).toBe(250);
  const { host } = new URL(server.endpoint);
  // At least: besides the streams, requests of the connections may be under way.
  expect(transport.stats[`http://${host}`]?.running).toBeGreaterThanOrEqual(250);
  // The server's side and the test's own records are in this too; the design estimates 400 KB for a connection.
  const kilobytesEach = ((heapMegabytes() - before) * 1024) / clusters.length;
  expect(kilobytesEach).toBeLessThan(100);
  await Promise.all(clusters.map(({ connection }) => connection.stop()));
  expect(server.sessions.size).toBe(0);
});

test('no more connects run at once than the process allows', async () => {
  let atOnce = 0;
  let most = 0;
  const server = await ScriptedServer.start({
    post: ({ method }, response) => {
      if (method !== 'initialize') return false;
      atOnce += 1;
      most = Math.max(most, atOnce);
      response.on('close', () => (atOnce -= 1));
      return false;
    },
  });
  const connectLimit = pLimit(3);
  const clusters = Array.from({ length: 12 }, () => watchCluster(server.endpoint, { connectLimit }));
  await Promise.all(clusters.map((cluster) => cluster.active()));
  expect(most).toBeLessThanOrEqual(3);
});
