import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { Secret } from '@nightcrier/core/settings/secret';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

let cluster: SimulatedCluster;
beforeEach(async () => {
  cluster = await startSimulatedCluster({ name: 'alpha' });
});
afterEach(() => cluster.stop());

test('a fault of the cluster arrives as the server sent it', async () => {
  const watched = watchCluster(cluster.mcpEndpoint);
  await watched.active();
  const { fault } = await cluster.run('crash-loop-back-off');
  await expect
    .poll(() => watched.received)
    .toMatchObject([{ source: 'subscription', fault: { faultId: fault?.faultId } }]);
  expect(watched.connection.health()).toMatchObject({
    name: 'alpha',
    status: 'active',
    mode: 'subscribe',
    event_count: 1,
    triage_enabled: true,
    labels: { team: 'shop' },
  });
});

test('in events mode Warning Events are symptoms, and become faults when their objects confirm them', async () => {
  const watched = watchCluster(cluster.mcpEndpoint, { mode: 'events' });
  await watched.active();
  await cluster.run('crash-loop-back-off');
  await expect.poll(() => watched.received).not.toEqual([]);
  expect(watched.malformed).toEqual([]);
  expect(watched.connection.health().event_count).toBe(watched.received.length);
  expect(watched.received).toContainEqual(
    expect.objectContaining({
      fault: expect.objectContaining({ faultType: 'CrashLoop', severity: 'critical', container: 'app' }),
    }),
  );
  expect(watched.received).toHaveLength(1);
});

test('a cut stream is replaced with its subscription, and the server has one of each', async () => {
  const watched = watchCluster(cluster.mcpEndpoint);
  await watched.active();
  cluster.cutMcpStreams();
  await watched.failed(/event stream/);
  await watched.active();
  await expect.poll(() => [cluster.sessionCount, cluster.subscriptionCount]).toEqual([1, 1]);
  await cluster.run('crash-loop-back-off');
  await expect.poll(() => watched.received).toHaveLength(1);
});

test('a server that was unreachable is connected again; the other cluster is not affected', async () => {
  const beta = await startSimulatedCluster({ name: 'beta' });
  try {
    const watched = watchCluster(cluster.mcpEndpoint);
    const other = watchCluster(beta.mcpEndpoint, { name: 'beta' });
    await Promise.all([watched.active(), other.active()]);
    await cluster.stopMcp();
    await watched.failed();
    await cluster.startMcp();
    await watched.active();
    await cluster.run('crash-loop-back-off');
    await expect.poll(() => watched.received).toHaveLength(1);
    expect(other.statuses).toEqual(['connecting', 'connected', 'subscribing', 'active']);
  } finally {
    await beta.stop();
  }
});

test('after stop the server holds no session and no subscription', async () => {
  const watched = watchCluster(cluster.mcpEndpoint);
  await watched.active();
  expect([cluster.sessionCount, cluster.subscriptionCount]).toEqual([1, 1]);
  await watched.connection.stop();
  expect([cluster.sessionCount, cluster.subscriptionCount]).toEqual([0, 0]);
});

test('the API key is read at each connect and sent as a Bearer token on every request', async () => {
  const server = await ScriptedServer.start();
  let key = 'first';
  const watched = watchCluster(server.endpoint, { readAccess: async () => ({ apiKey: new Secret(key) }) });
  await watched.active();
  await watched.connection.stop();
  expect(new Set(server.headers.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer first']));

  key = 'second';
  const rotated = watchCluster(server.endpoint, { readAccess: async () => ({ apiKey: new Secret(key) }) });
  await rotated.active();
  expect(server.headers.at(-1)?.authorization).toBe('Bearer second');
});

test('a server with a token refuses a wrong one, and the error names what to check', async () => {
  const guarded = await startSimulatedCluster({ name: 'guarded', bearerToken: 'right' });
  try {
    const wrong = watchCluster(guarded.mcpEndpoint, { apiKey: 'wrong-token' });
    await wrong.failed(/check mcp.api_key or mcp.api_key_file/);
    expect(JSON.stringify(wrong.lines)).not.toContain('wrong-token');
    await watchCluster(guarded.mcpEndpoint, { apiKey: 'right' }).active();
  } finally {
    await guarded.stop();
  }
});

test('an API key that cannot be read is the reported error', async () => {
  const watched = watchCluster(cluster.mcpEndpoint, {
    readAccess: () => Promise.reject(new Error('no such file: /key')),
  });
  await watched.failed();
  expect(watched.connection.health().error).toContain('credentials cannot be read: no such file: /key');
});
