import { once } from 'node:events';
import { Agent } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../../src/mcp/connection/watch-options.ts';
import { ScriptedServer, type Script } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

const probes = (server: ScriptedServer): number =>
  server.asked.filter((asked) => asked === 'tools/call events_list_subscriptions').length;

test('subscribes after the event stream is open, so that no fault is missed', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint);
  await watched.active();
  expect(server.asked.slice(0, 8)).toEqual([
    'server/discover',
    'initialize',
    'notifications/initialized',
    'tools/list',
    'GET',
    'tools/call resources_list',
    'logging/setLevel',
    'tools/call events_subscribe',
  ]);
  expect(watched.statuses).toEqual(['connecting', 'connected', 'subscribing', 'active']);
});

describe('a lost connection is detected, and a new session replaces it', () => {
  test.each<[string, RegExp, (server: ScriptedServer) => unknown]>([
    ['the stream is cut', /event stream broke/, (server) => server.streams.forEach((stream) => stream.destroy())],
    ['the stream ends', /ended the event stream/, (server) => server.streams.forEach((stream) => stream.end())],
    [
      'the subscription vanishes while everything else answers',
      /no longer holds the subscription/,
      (server) => server.sessions.forEach((_, session) => server.sessions.set(session, undefined)),
    ],
    ['the session vanishes', /no longer knows this session/, (server) => server.sessions.clear()],
    [
      'the server stops answering',
      /did not answer in time/,
      (server) => {
        const answers = server.asked.length;
        server.script = {
          post: ({ method }) =>
            method !== 'initialize' && server.sessionsOpened === 1 && server.asked.length >= answers,
        };
      },
    ],
    [
      'an endless event arrives',
      /more than 1048576 characters/,
      (server) => server.streams.forEach((stream) => stream.write(`data: ${'x'.repeat(1_100_000)}`)),
    ],
    [
      'the credentials are withdrawn',
      /check mcp.api_key/,
      (server) => {
        server.script = {
          post: (_, response) => {
            if (server.sessionsOpened > 1) return false;
            response.writeHead(401).end();
            server.sessionsOpened += 1;
            return true;
          },
        };
      },
    ],
    [
      'the server reports the subscription as degraded',
      /degraded: watch failed/,
      (server) =>
        server.push({
          jsonrpc: '2.0',
          method: 'notifications/message',
          params: {
            level: 'error',
            logger: 'kubernetes/subscription_error',
            data: { error: 'watch failed', degraded: true },
          },
        }),
    ],
  ])('%s', async (_, error, lose) => {
    const server = await ScriptedServer.start();
    const watched = watchCluster(server.endpoint, { readTimeout: 4_000 });
    await watched.active();
    const first = server.sessionsOpened;

    lose(server);
    await watched.failed(error);
    await expect.poll(() => server.sessionsOpened, { timeout: 30_000 }).toBeGreaterThan(first);
    await watched.active();
    expect(watched.connection.health()).not.toHaveProperty('error');

    server.fault({ subscriptionId: [...server.sessions.values()].at(-1), faultId: 'after' });
    await expect.poll(() => watched.received).toMatchObject([{ fault: { faultId: 'after' } }]);
  });

  test('the server is killed and comes back on the same port', async () => {
    const server = await ScriptedServer.start();
    const watched = watchCluster(server.endpoint);
    const other = await ScriptedServer.start();
    const untouched = watchCluster(other.endpoint, { name: 'beta' });
    await Promise.all([watched.active(), untouched.active()]);

    await server.kill();
    await watched.failed(/ECONNREFUSED/);
    await expect
      .poll(() => watched.connection.health(), { interval: 5 })
      .toMatchObject({
        status: 'failed',
        error: expect.stringContaining('ECONNREFUSED'),
        retry_in: expect.stringMatching(/^\d+\.\ds$/),
      });

    await server.listen();
    await watched.active();
    expect(watched.connection.health()).not.toHaveProperty('retry_in');
    expect(untouched.statuses).toEqual(['connecting', 'connected', 'subscribing', 'active']);
    expect(other.sessionsOpened).toBe(1);
  });
});

describe('a server that cannot be watched leaves the connection failed, with the error', () => {
  const unauthorized: Script = { post: (_, response) => Boolean(response.writeHead(401).end()) };
  const forbidden: Script = { post: (_, response) => Boolean(response.writeHead(403).end()) };
  const web: Script = {
    post: (_, response) => Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
  };

  test.each<[string, RegExp, Script]>([
    ['refuses the stream', /event stream: HTTP 405/, { get: (response) => Boolean(response.writeHead(405).end()) }],
    [
      'answers with a web page in place of the stream',
      /expected text\/event-stream, got text\/html/,
      {
        get: (response) => Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
      },
    ],
    ['never grants the stream', /event stream: Headers Timeout/, { get: () => true }],
    ['refuses the credentials', /refused the credentials .*mcp\.api_key/, unauthorized],
    ['forbids access', /forbids access .*mcp\.api_key/, forbidden],
    ['is no MCP server', /answer is not MCP/, web],
    [
      'is not at that path',
      /nothing is served at .*usually \/mcp/,
      { post: (_, response) => Boolean(response.writeHead(404).end()) },
    ],
    ['never answers', /did not answer within 2000 ms/, { post: () => true }],
    [
      'refuses the subscription',
      /events_subscribe: maximum subscriptions/,
      {
        post: ({ id, params }, response, server) => {
          if (params?.name !== 'events_subscribe') return false;
          server.reply(response, id, {
            isError: true,
            content: [{ type: 'text', text: 'maximum subscriptions reached' }],
          });
          return true;
        },
      },
    ],
    [
      'has none of the tools',
      /no tool events_subscribe or resources_list/,
      {
        post: ({ id, method }, response, server) => {
          if (method !== 'tools/list') return false;
          server.reply(response, id, { tools: [] });
          return true;
        },
      },
    ],
  ])('%s', async (_, error, script) => {
    const server = await ScriptedServer.start(script);
    const watched = watchCluster(server.endpoint, {
      timeouts: { connect: 2_000, call: 2_000, close: 2_000, subscribe: 5_000, list: 30_000, proof: 60_000 },
    });
    await watched.failed(error);
    expect(watched.statuses).not.toContain('active');
    await watched.connection.stop();
    // Whatever was opened on the way is closed again.
    await expect.poll(() => [server.sessions.size, server.streams.size]).toEqual([0, 0]);
  });
});

test('backs off longer with each failure, and starts over after a stable time', async () => {
  const server = await ScriptedServer.start();
  let now = 1_000_000;
  const watched = watchCluster(server.endpoint, { now: () => now, random: () => 0.5 });
  const retries = () =>
    watched.lines.filter(({ fields }) => fields.status === 'failed').map(({ fields }) => fields.retry_count);
  for (const count of [1, 2]) {
    await watched.active();
    server.streams.forEach((stream) => stream.destroy());
    await expect.poll(retries).toHaveLength(count);
  }
  await watched.active();
  now += 30_000;
  server.streams.forEach((stream) => stream.destroy());
  await expect.poll(retries).toEqual([1, 2, 1]);
});

test('keeps a healthy connection through many probes, though its stream is quiet for longer than other answers may be', async () => {
  const server = await ScriptedServer.start();
  const transport = new Agent({ bodyTimeout: 500 });
  onTestFinished(() => transport.destroy());
  const watched = watchCluster(server.endpoint, { readTimeout: 4_000, transport });
  await expect.poll(() => probes(server), { timeout: 30_000 }).toBeGreaterThan(2);
  expect(server.sessionsOpened).toBe(1);
  expect(watched.statuses.at(-1)).toBe('active');
});

test('a server that cannot list subscriptions is probed with pings', async () => {
  const server = await ScriptedServer.start();
  server.tools = ['events_subscribe'];
  const watched = watchCluster(server.endpoint, { readTimeout: 1_000 });
  await expect
    .poll(() => server.asked.filter((asked) => asked === 'ping').length, { timeout: 30_000 })
    .toBeGreaterThan(1);
  server.sessions.clear();
  await watched.failed(/no longer knows this session/);
});

test('a server that cannot list subscriptions is not pinged when a list has proven the same', async () => {
  const server = await ScriptedServer.start();
  server.tools = ['events_subscribe', 'resources_list'];
  const watched = watchCluster(server.endpoint, {
    readTimeout: 1_600,
    timeouts: { ...DEFAULT_TIMEOUTS, proof: 1_000 },
  });
  await watched.active();
  const asked = (what: string): number => server.asked.filter((one) => one === what).length;
  const before = asked('tools/call resources_list');
  await expect.poll(() => asked('tools/call resources_list') - before, { timeout: 30_000 }).toBeGreaterThan(22);
  // Each list has a tenth of a second: on a busy machine one fails now and then, and a ping comes in its place.
  expect(asked('ping')).toBeLessThan(4);
  expect(watched.statuses.at(-1)).toBe('active');
});

test('a fault that arrives before the answer to the subscription is not missed', async () => {
  const server = await ScriptedServer.start({
    post: ({ params }, _, server) => {
      if (params?.name === 'events_subscribe') server.fault({ subscriptionId: 'sub-of-session-1', faultId: 'early' });
      return false;
    },
  });
  const watched = watchCluster(server.endpoint);
  await watched.active();
  await expect.poll(() => watched.received).toMatchObject([{ fault: { faultId: 'early' } }]);
});

test('notifications of another subscription, or malformed ones, are dropped', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint);
  await watched.active();
  server.fault({ subscriptionId: 'stale', faultId: 'stale' });
  server.fault({ subscriptionId: 'stale', severity: 'unreadable' });
  server.push({ jsonrpc: '1.0' });
  for (const stream of server.streams) stream.write('data: {not json\n\n: a comment\n\nid: 7\n\n');
  server.fault({ subscriptionId: 'sub-of-session-1', faultId: 'ours' });
  await expect.poll(() => watched.received).toMatchObject([{ fault: { faultId: 'ours' } }]);
  expect(watched.connection.health()).toMatchObject({ event_count: 1, last_event: expect.any(String) });
  expect(watched.malformed).toEqual(['json_rpc', 'json']);
});

test('an event that is too big is counted, and costs the memory of one event at most', async () => {
  const server = await ScriptedServer.start();
  const watched = watchCluster(server.endpoint);
  await watched.active();
  const before = process.memoryUsage().rss;
  for (const stream of server.streams) {
    stream.write('data: ');
    for (let i = 0; i < 64 && !stream.destroyed; i += 1) {
      if (!stream.write('y'.repeat(1 << 20))) await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
    }
  }
  await watched.failed(/more than 1048576 characters/);
  expect(watched.malformed).toEqual(['too_big']);
  expect(process.memoryUsage().rss - before).toBeLessThan(48 << 20);
  await watched.active();
});
