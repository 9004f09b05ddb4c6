import { expect, test } from 'vitest';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { startStatelessServer } from './stateless-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

const crashing = {
  metadata: { name: 'cart-1', namespace: 'shop', uid: 'u-1', creationTimestamp: '2026-11-26T12:00:00Z' },
  status: { containerStatuses: [{ name: 'app', restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
};
const count = (asked: string[], what: string): number => asked.filter((one) => one === what).length;

test('a server that speaks only 2026-07-28 is polled with plain requests: no handshake, no session, no stream', async () => {
  const server = await startStatelessServer('reject');
  server.lists = { Pod: [crashing] };
  const watched = watchCluster(server.endpoint, { mode: 'both' });
  await watched.active();
  expect(watched.connection.health()).toMatchObject({ status: 'active', mode: 'poll' });
  await expect.poll(() => watched.received).toMatchObject([{ fault: { faultType: 'CrashLoop' } }]);
  expect(server.asked[0]).toBe('server/discover');
  expect(count(server.asked, 'initialize')).toBe(0);
  for (const never of ['GET', 'DELETE', 'notifications/initialized', 'logging/setLevel', 'tools/call events_subscribe'])
    expect(server.asked).not.toContain(never);
  const versions = new Set(server.headers.map((headers) => headers.get('mcp-protocol-version')));
  expect(versions).toEqual(new Set(['2026-07-28']));
  expect(server.headers.some((headers) => headers.has('mcp-session-id'))).toBe(false);
  await watched.connection.stop();
  expect(server.asked).not.toContain('DELETE');
});

test('a server of 2025 without sessions is polled, although it has the tool to subscribe', async () => {
  const scripted = await ScriptedServer.start({
    post: ({ id, method }, response, server) => {
      if (method !== 'initialize') return false;
      // The session exists, but the client is not given its id, and no later request has one.
      server.sessions.set('', undefined);
      const capabilities = { logging: {}, tools: {} };
      server.reply(response, id, {
        protocolVersion: '2025-06-18',
        capabilities,
        serverInfo: { name: 's', version: '1' },
      });
      return true;
    },
  });
  const watched = watchCluster(scripted.endpoint, { mode: 'both' });
  await watched.active();
  expect(watched.connection.health()).toMatchObject({ status: 'active', mode: 'poll' });
  expect(scripted.asked).not.toContain('tools/call events_subscribe');
  expect(scripted.asked).not.toContain('GET');
});

test('a server that speaks both is asked once, and used in the way without sessions', async () => {
  const server = await startStatelessServer('stateless');
  const watched = watchCluster(server.endpoint, { mode: 'both' });
  await watched.active();
  expect(watched.connection.health()).toMatchObject({ mode: 'poll' });
  expect(count(server.asked, 'server/discover')).toBe(1);
  expect(count(server.asked, 'initialize')).toBe(0);
});

test('a server with sessions is asked once what it speaks, not at each reconnect', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint);
  await watched.active();
  for (const opened of [2, 3]) {
    server.streams.forEach((stream) => stream.destroy());
    await expect.poll(() => server.sessionsOpened).toBe(opened);
    await watched.active();
  }
  expect(count(server.asked, 'server/discover')).toBe(1);
  expect(count(server.asked, 'initialize')).toBe(3);
});

test('a server that was replaced by one that speaks something else is asked anew', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint);
  await watched.active();
  server.script = { post: ({ method }, response) => method === 'initialize' && Boolean(response.writeHead(400).end()) };
  server.streams.forEach((stream) => stream.destroy());
  await expect.poll(() => count(server.asked, 'server/discover'), { timeout: 30_000 }).toBeGreaterThan(1);
  server.script = {};
  await watched.active();
  expect(watched.connection.health()).not.toHaveProperty('error');
});
