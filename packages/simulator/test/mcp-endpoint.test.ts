import { faultFingerprint } from '@nightcrier/core/faults/fault';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { textAt } from '../src/kubernetes/objects/kubernetes-object.ts';
import { harmlessScenarioNames, loadScenario } from '../src/scenario.ts';
import {
  startSimulatedCluster,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '../src/simulated-cluster.ts';
import { connect, jsonIn, type TestClient } from './mcp-client.fixture.ts';

let cluster: SimulatedCluster;
const open: TestClient[] = [];

async function start(options: Partial<SimulatedClusterOptions> = {}): Promise<void> {
  cluster = await startSimulatedCluster({ name: 'alpha', ...options });
}
async function client(headers?: Record<string, string>): Promise<TestClient> {
  const opened = await connect(cluster.mcpEndpoint, headers);
  open.push(opened);
  return opened;
}
const subscriptionsOf = async (of: TestClient) => jsonIn(await of.call('events_list_subscriptions'));

beforeEach(() => start());
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ client }) => client.close()));
  await cluster.stop();
});

test('a subscriber gets the fault of a scenario in the documented form', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  const subscription = await one.subscribe();
  expect(subscription).toEqual({
    subscriptionId: expect.stringMatching(/^sub-[\da-f]{8}$/),
    cluster: 'alpha',
    mode: 'faults',
    filters: {},
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    status: 'active',
  });
  const { fault, delivered } = await cluster.run('crash-loop-back-off');
  expect(delivered).toBe(1);
  await expect
    .poll(() => one.notifications)
    .toEqual([
      {
        level: 'warning',
        logger: 'kubernetes/faults',
        data: {
          subscriptionId: subscription['subscriptionId'],
          cluster: 'alpha',
          ...fault,
          timestamp: expect.any(String),
        },
      },
    ]);
  expect(fault).toMatchObject({
    faultId: expect.stringMatching(/^[\da-f]{16}$/),
    faultType: 'CrashLoop',
    severity: 'critical',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' },
    context: 'Container entered CrashLoopBackOff state, restart count: 6, last exit code: 1, last reason: Error',
  });
});

test('a subscriber of events gets the events that pass its filters', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  await one.subscribe({ mode: 'events', type: 'Warning', reason: 'Back', namespaces: ['shop'], involvedKind: 'Pod' });
  await cluster.run('oom-killed');
  await cluster.run('crash-loop-back-off');
  // Once when it occurs first, and once when it has been repeated.
  await expect.poll(() => one.notifications).toHaveLength(2);
  expect(one.notifications[0]).toMatchObject({ data: { event: { reason: 'BackOff', count: 1 } } });
  expect(one.notifications[1]).toMatchObject({
    level: 'info',
    logger: 'kubernetes/events',
    data: {
      cluster: 'alpha',
      event: {
        namespace: 'shop',
        type: 'Warning',
        reason: 'BackOff',
        count: 28,
        involvedObject: { kind: 'Pod', uid: expect.any(String) },
      },
    },
  });
});

test.each([
  [{ namespaces: ['payments'] }, false],
  [{ namespaces: ['shop', 'payments'] }, true],
  [{ labelSelector: 'app=checkout' }, true],
  [{ labelSelector: 'app notin (checkout)' }, false],
  [{ involvedKind: 'Deployment' }, false],
  [{ involvedNamespace: 'shop', involvedKind: 'Pod' }, true],
])('faults are filtered by %j', async (filters, passes) => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  expect(await one.subscribe({ mode: 'faults', ...filters })).toMatchObject({ filters });
  expect((await cluster.run('crash-loop-back-off')).delivered).toBe(passes ? 1 : 0);
});

test('nothing is sent before logging/setLevel or below the level, and the subscription remains', async () => {
  const one = await client();
  await one.subscribe();
  expect(cluster.emitFault({ n: 1 })).toBe(0);
  await one.client.setLoggingLevel('error');
  expect(cluster.emitFault({ n: 2 })).toBe(0);
  await one.client.setLoggingLevel('debug');
  expect(cluster.emitFault({ n: 3 })).toBe(1);
  await expect.poll(() => one.notifications).toMatchObject([{ data: { n: 3 } }]);
});

test('faults before a subscription are never sent', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  expect((await cluster.run('crash-loop-back-off')).delivered).toBe(0);
  await one.subscribe();
  expect((await cluster.run('failed-job')).delivered).toBe(1);
  await expect.poll(() => one.notifications).toMatchObject([{ data: { faultType: 'JobFailure' } }]);
});

test('a lost stream cancels the subscription at the next fault, and the session remains', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  await one.subscribe();
  cluster.cutMcpStreams();
  expect(await subscriptionsOf(one)).toMatchObject({ total: 1 });
  expect((await cluster.run('crash-loop-back-off')).delivered).toBe(0);
  expect(await subscriptionsOf(one)).toEqual({ subscriptions: [], total: 0 });
  await one.client.ping();
});

test('any payload can be sent, including malformed ones', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  const { subscriptionId } = await one.subscribe();
  for (const payload of ['text', 7, null, [1], { faultType: 1 }, { subscriptionId: 'sub-other', cluster: 'beta' }]) {
    expect(cluster.emitFault(payload)).toBe(1);
  }
  await expect
    .poll(() => one.notifications.map(({ data }) => data))
    .toEqual([
      'text',
      7,
      null,
      [1],
      { subscriptionId, cluster: 'alpha', faultType: 1 },
      { subscriptionId: 'sub-other', cluster: 'beta' },
    ]);
});

test('a subscription error is sent to the subscriber, and the subscription is listed as degraded', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  const { subscriptionId } = await one.subscribe();
  expect(cluster.emitSubscriptionError('watch failed')).toBe(1);
  await expect
    .poll(() => one.notifications)
    .toEqual([
      {
        level: 'error',
        logger: 'kubernetes/subscription_error',
        data: { subscriptionId, cluster: 'alpha', error: 'watch failed', degraded: true },
      },
    ]);
  expect(await subscriptionsOf(one)).toMatchObject({ subscriptions: [{ subscriptionId, degraded: true }] });
});

test('only the own session can cancel a subscription', async () => {
  const [one, other] = await Promise.all([client(), client()]);
  const { subscriptionId } = await one.subscribe();
  expect(await other.call('events_unsubscribe', { subscriptionId })).toBe(
    'failed to cancel subscription: subscription not found',
  );
  expect(await one.call('events_unsubscribe', { subscriptionId })).toMatch(/^# Subscription Cancelled\n\n/);
  expect(cluster.subscriptionCount).toBe(0);
});

test('a session has at most 10 subscriptions, and a server 100', async () => {
  const sessions = await Promise.all(Array.from({ length: 11 }, () => client()));
  const first = sessions[0]!;
  const others = sessions.slice(1);
  await Promise.all(Array.from({ length: 10 }, () => first.subscribe()));
  expect(await first.call('events_subscribe')).toBe(
    'failed to create subscription: session has reached maximum subscriptions (10)',
  );
  await Promise.all(others.slice(0, 9).flatMap((session) => Array.from({ length: 10 }, () => session.subscribe())));
  expect(await others[9]?.call('events_subscribe')).toBe(
    'failed to create subscription: server has reached maximum subscriptions (100)',
  );
});

test('invalid filters are refused', async () => {
  const one = await client();
  expect(await one.call('events_subscribe', { mode: 'faults', type: 'Normal' })).toContain(
    'faults mode cannot filter for Normal events',
  );
  expect(await one.call('events_subscribe', { labelSelector: 'a in b' })).toContain('invalid label selector');
  expect(cluster.subscriptionCount).toBe(0);
});

test('DELETE ends the session and its subscriptions', async () => {
  const one = await client();
  await one.subscribe();
  const sessionId = one.transport.sessionId ?? '';
  await one.transport.terminateSession();
  expect(cluster.subscriptionCount).toBe(0);
  expect(cluster.sessionCount).toBe(0);
  const headers = { accept: 'text/event-stream', 'mcp-session-id': sessionId };
  expect((await fetch(cluster.mcpEndpoint, { headers })).status).toBe(404);
});

test('a session has one stream, which cannot be resumed', async () => {
  const one = await client();
  const headers = { accept: 'text/event-stream', 'mcp-session-id': one.transport.sessionId ?? '' };
  expect((await fetch(cluster.mcpEndpoint, { headers })).status).toBe(409);
  expect((await fetch(cluster.mcpEndpoint, { headers: { ...headers, 'last-event-id': '1' } })).status).toBe(400);
});

test('requests without a session create none', async () => {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const response = await fetch(cluster.mcpEndpoint, { method: 'POST', headers, body });
  expect(response.status).toBe(400);
  expect(cluster.sessionCount).toBe(0);
});

test('a restart keeps the address and ends the sessions', async () => {
  const one = await client();
  await one.subscribe();
  const { mcpEndpoint } = cluster;
  await cluster.stopMcp();
  await expect(fetch(mcpEndpoint)).rejects.toThrow('fetch failed');
  await cluster.startMcp();
  expect(cluster.mcpEndpoint).toBe(mcpEndpoint);
  await expect(one.client.ping()).rejects.toThrow(/session not found/i);
  const again = await client();
  expect(await subscriptionsOf(again)).toMatchObject({ total: 0 });
});

test('concurrent stops share one run, and starting on a port in use fails', async () => {
  const port = Number(new URL(cluster.mcpEndpoint).port);
  await expect(startSimulatedCluster({ name: 'beta', mcpPort: port })).rejects.toThrow(/EADDRINUSE/);
  await Promise.all([cluster.stop(), cluster.stop()]);
});

test('heal undoes a scenario', async () => {
  const { heal, resource } = await cluster.run('node-not-ready');
  expect(resource).toMatchObject({ kind: 'Node', spec: { taints: [{}, {}] } });
  heal();
  const one = await client();
  const node = await one.call('resources_get', { apiVersion: 'v1', kind: 'Node', name: 'node-3' });
  expect(node).toContain('podCIDR: 10.244.2.0/24');
  expect(node).not.toContain('taints:');
  expect(await one.call('events_list')).toBe('# No events found');
});

test('requests without the bearer token are refused', async () => {
  await cluster.stop();
  await start({ bearerToken: 'open-sesame' });
  await expect(client()).rejects.toThrow(/401|Unauthorized/i);
  const one = await client({ authorization: 'Bearer open-sesame' });
  expect(await one.call('namespaces_list')).toContain('name: kube-system');
});

test('without the event tools, it has the tools of a stock server', async () => {
  await cluster.stop();
  await start({ eventsTools: false });
  const one = await client();
  const { tools } = await one.client.listTools();
  expect(tools.map((tool) => tool.name)).not.toContain('events_subscribe');
  expect(tools.map((tool) => tool.name)).toContain('events_list');
  await expect(one.call('events_subscribe')).rejects.toMatchObject({
    code: -32_602,
    message: expect.stringContaining('unknown tool "events_subscribe"'),
  });
});

test('the answers of an event-emitting server are text only, those of a stock one have structured content too', async () => {
  const args = { apiVersion: 'v1', kind: 'Node' };
  const one = await client();
  expect(await one.client.callTool({ name: 'resources_list', arguments: args })).not.toHaveProperty(
    'structuredContent',
  );
  await cluster.stop();
  await start({ eventsTools: false });
  const stock = await client();
  expect(await stock.client.callTool({ name: 'resources_list', arguments: args })).toHaveProperty('structuredContent');
});

test('with --disable-multi-cluster it has no name for the cluster, also in its fault ids', async () => {
  await cluster.stop();
  await start({ disableMultiCluster: true });
  const one = await client();
  await one.client.setLoggingLevel('info');
  expect(await one.subscribe()).toMatchObject({ cluster: '' });
  const { fault } = await cluster.run('crash-loop-back-off');
  await expect.poll(() => one.notifications).toMatchObject([{ data: { cluster: '', faultId: fault?.faultId } }]);
  expect(fault?.faultId).toBe(fault && faultFingerprint('', 'CrashLoop', fault.resource, 'app'));
});

test('an unknown session is answered with 404 and text', async () => {
  const headers = { accept: 'text/event-stream', 'mcp-session-id': 'unknown' };
  const response = await fetch(cluster.mcpEndpoint, { headers });
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8']);
  expect(await response.text()).toBe('session not found\n');
});

test.each<[string, string[]]>([
  ['crash-loop-back-off', ['CrashLoop critical']],
  ['failed-job', ['JobFailure critical']],
  ['deployment-stuck', ['DeploymentFailure critical']],
  ['node-not-ready', ['NodeUnhealthy warning']],
  ['oom-killed', []],
  ['image-pull-back-off', []],
  ['missing-config-map', []],
  ['failing-probe', []],
  ['unschedulable-pod', []],
  ...harmlessScenarioNames.map((name): [string, string[]] => [name, []]),
])('of %s, the detectors push %j', async (scenario, expected) => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  await one.subscribe();
  await cluster.run(scenario);
  cluster.emitFault({ faultType: 'last' });
  const pushed = () => one.notifications.map(({ data }) => `${textAt(data, 'faultType')} ${textAt(data, 'severity')}`);
  await expect.poll(pushed).toEqual([...expected, 'last ']);
});

test('an object that is added in a bad state is no fault of the detectors: only the transition is', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  await one.subscribe();
  const { objects, events, ...scenario } = loadScenario('crash-loop-back-off');
  expect((await cluster.run({ ...scenario, objects, events, history: [] })).delivered).toBe(0);
});

test('after its token was revoked the server pushes nothing until it is restarted, although it reads again', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  await one.subscribe();
  cluster.revokeMcpToken();
  expect(await one.call('resources_list', { apiVersion: 'v1', kind: 'Pod' })).toBe(
    'failed to list resources: Unauthorized',
  );
  cluster.renewMcpToken();
  expect(await one.call('resources_list', { apiVersion: 'v1', kind: 'Pod' })).toContain('kind: Pod');
  expect((await cluster.run('crash-loop-back-off')).delivered).toBe(0);
  expect(await subscriptionsOf(one)).toMatchObject({ total: 1, subscriptions: [{ degraded: false }] });
  await cluster.stopMcp();
  await cluster.startMcp();
  // A kept-alive connection of the first server may still be tried.
  const again = await vi.waitFor(() => client(), { timeout: 30_000 });
  await again.client.setLoggingLevel('info');
  await again.subscribe();
  expect((await cluster.run('failed-job')).delivered).toBe(1);
});

test('what changed while the API server was away is pushed when it is back', async () => {
  const one = await client();
  await one.client.setLoggingLevel('info');
  await one.subscribe();
  await cluster.stopKubernetes();
  expect(await one.call('resources_list', { apiVersion: 'v1', kind: 'Pod' })).toMatch(
    /dial tcp .*: connection refused/,
  );
  expect((await cluster.run('node-not-ready')).delivered).toBe(0);
  await cluster.startKubernetes();
  await expect.poll(() => one.notifications).toMatchObject([{ data: { faultType: 'NodeUnhealthy' } }]);
});

test('a session that ends without unsubscribing leaves its watches behind', async () => {
  const one = await client();
  const { subscriptionId } = await one.subscribe();
  await one.call('events_unsubscribe', { subscriptionId });
  await one.transport.terminateSession();
  expect(cluster.leakedMcpWatches).toBe(0);
  const other = await client();
  await other.subscribe();
  await other.transport.terminateSession();
  expect(cluster.leakedMcpWatches).toBe(1);
});
