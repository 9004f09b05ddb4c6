import { WATCHED_KINDS } from '../../src/detection/objects/kinds.ts';
import { expect, test } from 'vitest';
import pLimit from 'p-limit';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

test('stop unsubscribes, deletes the session and reports nothing more', async () => {
  const server = await ScriptedServer.start();
  const { connection, active, received, statuses } = watchCluster(server.endpoint);
  await active();
  // The scan after a subscription goes on beside it.
  await expect.poll(() => server.listed.size).toBe(WATCHED_KINDS.length);
  await connection.stop();
  expect(server.asked.slice(-2)).toEqual(['tools/call events_unsubscribe', 'DELETE']);
  expect(server.sessions.size).toBe(0);
  await expect.poll(() => server.streams.size).toBe(0);
  expect(connection.health().status).toBe('stopped');
  expect(statuses.at(-1)).toBe('stopped');
  expect(received).toEqual([]);
});

test('stop receives what the server sent before it ended the subscription', async () => {
  const names = Array.from({ length: 300 }, (_, at) => `cart-${at}`);
  const server = await ScriptedServer.start({
    post: ({ params }, _, sender) => {
      if (params?.name !== 'events_unsubscribe') return false;
      const [subscriptionId] = sender.sessions.values();
      for (const faultId of names) sender.fault({ faultId, subscriptionId, context: 'x'.repeat(5_000) });
      return false;
    },
  });
  const { connection, active, received } = watchCluster(server.endpoint);
  await active();
  await connection.stop();
  expect(received.map(({ fault }) => fault.faultId)).toEqual(names);
});

test('concurrent stops share one, and a stopped connection does not start again', async () => {
  const server = await ScriptedServer.start();
  const { connection, active, statuses } = watchCluster(server.endpoint);
  connection.start();
  await active();
  await Promise.all([connection.stop(), connection.stop()]);
  connection.start();
  await connection.stop();
  expect(statuses.filter((status) => status === 'stopped')).toHaveLength(1);
  expect(server.sessionsOpened).toBe(1);
});

test.each([
  ['connecting', 'initialize'],
  ['opening the stream', 'GET'],
  ['subscribing', 'tools/call events_subscribe'],
])('stop in the middle of %s does not wait for long, and leaves no session', async (_, stage) => {
  const silent = (asked: string): boolean => asked === stage;
  const server = await ScriptedServer.start({
    get: () => silent('GET'),
    post: ({ method, params }) => silent([method, params?.name ?? ''].join(' ').trim()),
  });
  const { connection } = watchCluster(server.endpoint, {
    timeouts: { connect: 60_000, call: 60_000, close: 2_000, subscribe: 60_000, list: 30_000, proof: 60_000 },
  });
  await expect.poll(() => server.asked).toContain(stage);
  await connection.stop();
  expect(connection.health().status).toBe('stopped');
  expect(server.sessions.size).toBe(0);
});

test.each(['stopped', 'given up'])(
  'a session that the server opens after the attempt was %s is deleted',
  async (end) => {
    const answers = Promise.withResolvers<void>();
    let isFirst = true;
    const server = await ScriptedServer.start({
      post: (call, response, late) => {
        if (call.method !== 'initialize' || !isFirst) return false;
        isFirst = false;
        late.sessions.set('late', undefined);
        const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } };
        void answers.promise.then(() => late.reply(response, call.id, result, { 'mcp-session-id': 'late' }));
        return true;
      },
    });
    const connect = end === 'stopped' ? 60_000 : 300;
    const { connection, failed } = watchCluster(server.endpoint, {
      timeouts: { connect, call: 60_000, close: 20_000, subscribe: 60_000, list: 30_000, proof: 60_000 },
    });
    await expect.poll(() => server.asked).toContain('initialize');
    const over = end === 'stopped' ? connection.stop() : failed(/did not answer within 300 ms/);
    if (end !== 'stopped') await over;
    answers.resolve();
    await expect.poll(() => server.sessions.has('late'), { timeout: 30_000 }).toBe(false);
    await over;
  },
);

test('stop during the wait for the next attempt is immediate', async () => {
  const server = await ScriptedServer.start({ post: (_, response) => Boolean(response.writeHead(500).end()) });
  const { connection, failed } = watchCluster(server.endpoint, {
    reconnect: { initialBackoff: 60_000, maxBackoff: 60_000, multiplier: 2, jitter: 0, stableAfter: 1 },
  });
  await failed(/HTTP 500/);
  await connection.stop();
  expect(server.asked).toEqual(['server/discover']);
});

test('stop of a connection that waits for a connect slot', async () => {
  const server = await ScriptedServer.start();
  const connectLimit = pLimit(1);
  const turn = Promise.withResolvers<void>();
  const busy = connectLimit(() => turn.promise);
  const { connection } = watchCluster(server.endpoint, { connectLimit });
  const stopped = connection.stop();
  turn.resolve();
  await Promise.all([busy, stopped]);
  expect(server.asked).toEqual([]);
  expect(connection.health().status).toBe('stopped');
});
