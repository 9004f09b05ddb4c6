import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../../src/mcp/connection/watch-options.ts';
import { type Script, ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

test('a cluster has its event stream and a few connections for requests, which are reused and closed when idle', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint, { readTimeout: 2_000 });
  const probes = (): number => server.asked.filter((asked) => asked.endsWith('events_list_subscriptions')).length;
  await watched.active();
  await expect.poll(probes, { timeout: 30_000 }).toBeGreaterThan(2);
  expect(server.asked.length).toBeGreaterThan(10);
  // Of the design's ten for each host: the stream, and at once a scan, a list of Events and a probe.
  expect(server.mostSockets).toBeLessThanOrEqual(4);
});

test('idle connections are closed, and the quiet event stream is not', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint);
  await watched.active();
  expect(server.sockets.size).toBeGreaterThan(1);
  await expect.poll(() => server.sockets.size, { timeout: 30_000 }).toBe(1);
  expect(server.streams.size).toBe(1);
  expect(watched.connection.health().status).toBe('active');
});

test('a TLS handshake that does not complete ends the attempt, well before the deadline of the connect', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const timeouts = { ...DEFAULT_TIMEOUTS, connect: 60_000, call: 60_000 };
  const watched = watchCluster(`https://127.0.0.1:${port}/mcp`, { timeouts });
  await watched.failed(/Connect Timeout Error .*timeout: 5000ms/);
  expect(sockets.size).toBeGreaterThan(0);
});

describe('an answer without headers ends the attempt', () => {
  const hang = (asked: string): Script => ({
    post: ({ method, params }) => [method, params?.name ?? ''].join(' ').trim() === asked,
  });
  test.each<[asked: string, error: RegExp, script: Script]>([
    ['initialize', /did not answer within 300 ms \(connect\)/, hang('initialize')],
    ['tools/list', /did not answer within 300 ms \(connect\)/, hang('tools/list')],
    ['GET', /event stream: Headers Timeout Error/, { get: () => true }],
    ['logging/setLevel', /did not answer in time \(logging\/setLevel\)/, hang('logging/setLevel')],
    ['tools/call events_subscribe', /did not answer in time \(events_subscribe\)/, hang('tools/call events_subscribe')],
    [
      'tools/call events_list_subscriptions',
      /did not answer in time \(events_list_subscriptions\)/,
      hang('tools/call events_list_subscriptions'),
    ],
  ])('%s', async (asked, error, script) => {
    const server = await ScriptedServer.start(script);
    const watched = watchCluster(server.endpoint, {
      readTimeout: 1_000,
      timeouts: { connect: 300, call: 300, close: 300, subscribe: 300, list: 30_000, proof: 60_000 },
    });
    await watched.failed(error);
    expect(server.asked).toContain(asked);
  });

  test('by default after 10 s, of the 30 s that the design allows; a subscription may wait for the server’s caches', () => {
    expect(DEFAULT_TIMEOUTS).toEqual({
      connect: 10_000,
      call: 10_000,
      close: 3_000,
      subscribe: 90_000,
      list: 30_000,
      proof: 60_000,
    });
  });
});
