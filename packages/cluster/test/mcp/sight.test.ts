import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { type WatchedCluster, watchCluster } from './watched-cluster.fixture.ts';

const patient = { timeout: 60_000, interval: 20 };
/** A proof is valid for three seconds in place of a minute. */
const timeouts = { connect: 5_000, call: 5_000, close: 2_000, subscribe: 5_000, list: 5_000, proof: 3_000 };
const health = ({ connection }: WatchedCluster) => connection.health();
/** How often its push was called silent. */
const silences = ({ lines }: WatchedCluster): unknown[] =>
  lines.filter(({ message, fields }) => message === 'cluster degraded' && fields.part === 'push');
const calls = (server: ScriptedServer, tool: string): number =>
  server.asked.filter((asked) => asked === `tools/call ${tool}`).length;
/** Waits until a list that begins from now on has been answered. */
async function nextList(server: ScriptedServer): Promise<void> {
  const before = calls(server, 'resources_list');
  await expect.poll(() => calls(server, 'resources_list'), patient).toBeGreaterThan(before + 2);
}
const UNREACHABLE =
  'failed to list resources: Get "https://10.0.0.1": dial tcp 10.0.0.1:443: connect: connection refused';

/** Every kind is listed with this text. @param onAnswer is called before each answer */
const allLists = (text: string, onAnswer?: () => void): ScriptedServer['lists'] =>
  new Proxy(
    {},
    {
      get: () => {
        onAnswer?.();
        return text;
      },
    },
  );

/** A server whose lists can be set; `resources_list` selects by field, as the real one does. */
async function startServer(): Promise<ScriptedServer> {
  return ScriptedServer.start({
    post: ({ id, method }, response, server) => {
      if (method !== 'tools/list') return false;
      const properties = { fieldSelector: { type: 'string' } };
      server.reply(response, id, {
        tools: server.tools.map((name) => ({ name, inputSchema: { type: 'object', properties } })),
      });
      return true;
    },
  });
}

const NOON = '2026-11-26T12:00:00Z';

function warning(uid: string, count = 1): object {
  const about = { apiVersion: 'v1', kind: 'Gadget', name: 'cart', namespace: 'shop' };
  return {
    metadata: { name: uid, namespace: 'shop', uid, creationTimestamp: NOON },
    involvedObject: about,
    type: 'Warning',
    reason: `Broken-${uid}`,
    message: 'it is broken',
    count,
    firstTimestamp: NOON,
    lastTimestamp: new Date(Date.parse(NOON) + count * 1_000).toISOString(),
  };
}

/** The same Event as the server pushes it. */
function pushed(uid: string): object {
  return { ...warning(uid), namespace: 'shop', timestamp: NOON };
}

const crashing = {
  metadata: { name: 'cart-1', namespace: 'shop', uid: 'u-1', creationTimestamp: NOON },
  status: {
    containerStatuses: [
      {
        name: 'app',
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: NOON } },
      },
    ],
  },
};

describe('active means proven sight', () => {
  test('nothing is subscribed at a server whose API server is down: each subscription would cost it watches', async () => {
    const server = await startServer();
    server.lists = allLists(UNREACHABLE);
    const watched = watchCluster(server.endpoint, { timeouts });
    await watched.failed(/cannot reach its API server.*connection refused/);
    expect(watched.statuses).not.toContain('active');
    expect(calls(server, 'events_subscribe')).toBe(0);
    server.lists = {};
    await watched.active();
  });

  test('an API server that goes down behind a living server degrades the cluster, then fails it, and is blind since the last proof', async () => {
    const server = await startServer();
    const watched = watchCluster(server.endpoint, { timeouts });
    await watched.active();
    await expect.poll(() => server.listed.has('Certificate')).toBe(true);
    // Answers from before may still be on their way.
    let downSince: number | undefined;
    server.lists = allLists(UNREACHABLE, () => (downSince ??= Date.now()));
    await expect.poll(() => health(watched).degraded, patient).toMatch(/cannot be listed: .*connection refused/);
    expect(health(watched).status).toBe('active');
    await watched.failed(/cannot reach its API server/);
    expect(Date.parse(health(watched).last_contact ?? '')).toBeLessThanOrEqual(downSince ?? 0);
    server.lists = {};
    await watched.active();
    await expect.poll(() => health(watched), patient).not.toHaveProperty('degraded');
    expect(health(watched).blind_seconds).toBeGreaterThan(0);
  });

  test('a short outage of the API server costs no new session', async () => {
    const server = await startServer();
    const watched = watchCluster(server.endpoint, { timeouts: { ...timeouts, proof: 8_000 } });
    await watched.active();
    await expect.poll(() => server.listed.has('Certificate')).toBe(true);
    server.lists = allLists(UNREACHABLE);
    await expect.poll(() => health(watched).degraded, patient).toMatch(/^the cluster cannot be listed/);
    server.lists = {};
    await expect.poll(() => health(watched).degraded, patient).toBeUndefined();
    expect(server.sessionsOpened).toBe(1);
  });

  test('rejected credentials of the server fail the cluster, with advice, though everything else looks healthy', async () => {
    const server = await startServer();
    const watched = watchCluster(server.endpoint, { timeouts });
    await watched.active();
    server.lists = allLists('failed to list resources: Unauthorized');
    await watched.failed(/rejects the credentials of the MCP server.*renew its token or kubeconfig, and restart it/);
    await expect.poll(() => health(watched), patient).toMatchObject({ status: 'failed', retry_in: expect.any(String) });
  });

  test('a polled cluster is proven between two polls', async () => {
    const server = await startServer();
    server.tools = ['resources_list'];
    const watched = watchCluster(server.endpoint, { timeouts, mode: 'poll', pollInterval: 3_600_000 });
    await watched.active();
    server.lists = allLists('failed to list resources: Unauthorized');
    await watched.failed(/rejects the credentials of the MCP server/);
    await expect.poll(() => health(watched), patient).toMatchObject({ status: 'failed', mode: 'poll' });
  });

  test('a process that was paused for longer than a minute calls no cluster active until it is proven again', async () => {
    const server = await startServer();
    let paused = 0;
    const watched = watchCluster(server.endpoint, { timeouts, steadyNow: () => performance.now() + paused });
    await watched.active();
    paused = 61_000;
    expect(health(watched).status).toBe('connected');
    await watched.active();
  });

  test('a server that cannot list is active by its subscription, and degraded, because nothing proves more', async () => {
    const server = await startServer();
    server.tools = ['events_subscribe', 'events_list_subscriptions'];
    const watched = watchCluster(server.endpoint, { timeouts });
    await watched.active();
    await expect.poll(() => health(watched).degraded, patient).toContain('no tool resources_list');
  });
});

describe('a kind that cannot be listed', () => {
  test('degrades the cluster with kind, reason and the rule that it needs, is blind, and has the permissions checked once', async () => {
    const server = await startServer();
    const forbidden =
      'pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope';
    server.lists = { Pod: forbidden };
    let lost = 0;
    const watched = watchCluster(server.endpoint, {
      timeouts,
      mode: 'poll',
      onPermissionsChanged: () => (lost += 1),
    });
    await watched.active();
    expect(health(watched)).toMatchObject({
      status: 'active',
      degraded: expect.stringMatching(
        /^the MCP server cannot list pods: pods is forbidden.*needs the rule \{apiGroups: \[""\], resources: \["pods"\], verbs: /,
      ),
      blind_kinds: [{ kind: 'pods', reason: expect.stringContaining('forbidden'), blind_seconds: expect.any(Number) }],
    });
    const polls = calls(server, 'resources_list');
    await expect.poll(() => calls(server, 'resources_list'), patient).toBeGreaterThan(polls + 40);
    expect(lost).toBe(1);
    server.lists = {};
    await expect.poll(() => health(watched), patient).not.toHaveProperty('blind_kinds');
    expect(health(watched)).not.toHaveProperty('degraded');
  });

  test('of all kinds alike is over with the first list that a poll reads', async () => {
    const server = await startServer();
    server.lists = allLists('namespaces is forbidden: User "viewer" cannot list resource "namespaces"');
    const { post } = server.script;
    server.script.post = (call, response, self) => {
      // The last one that is tried before the first poll.
      if (call.params?.arguments?.kind === 'Namespace') response.on('finish', () => (server.lists = {}));
      return post?.(call, response, self) ?? false;
    };
    const watched = watchCluster(server.endpoint, { timeouts, mode: 'poll' });
    await watched.active();
    expect(watched.lines).toContainEqual(
      expect.objectContaining({ message: 'cluster degraded', fields: expect.objectContaining({ part: 'unproven' }) }),
    );
    await expect.poll(() => health(watched), patient).not.toHaveProperty('degraded');
  });

  test('a list that takes too long degrades its kind, and the others are listed', async () => {
    const server = await startServer();
    const { post } = server.script;
    server.script.post = (call, response, self) =>
      call.params?.arguments?.kind === 'Node' || (post?.(call, response, self) ?? false);
    const watched = watchCluster(server.endpoint, { timeouts: { ...timeouts, list: 2_000 }, mode: 'poll' });
    await watched.active();
    expect(health(watched)).toMatchObject({ blind_kinds: [{ kind: 'nodes', reason: /did not answer in time/ }] });
  });
});

describe('push that is silent', () => {
  test('degrades the cluster, a poll takes over, the gap is blind since the last proof, and it ends with the next push', async () => {
    const server = await startServer();
    server.lists = { Event: [warning('old')] };
    const watched = watchCluster(server.endpoint, { timeouts, mode: 'both' });
    await watched.active();
    // The first list of Events is what later ones are compared with; the scan after a subscription goes on beside it.
    await expect.poll(() => server.listed.has('Certificate')).toBe(true);
    await nextList(server);
    // Pushed, then listed: a proof.
    server.event(pushed('first'));
    server.lists = { Event: [warning('old'), warning('first')] };
    await nextList(server);
    expect(silences(watched)).toEqual([]);

    const silentSince = Date.now();
    server.lists = { Event: [warning('old'), warning('first'), warning('lost')], Pod: [crashing] };
    await expect
      .poll(() => health(watched).degraded, patient)
      .toBe('push is silent: the server lists Warning Events that it does not push (Gadget|shop|cart|Broken-lost)');
    expect(health(watched)).toMatchObject({ status: 'active', mode: 'subscribe' });
    const reasons = () => watched.received.map(({ fault }) => fault.faultType);
    await expect.poll(reasons, patient).toContain('CrashLoop');
    expect(health(watched).blind_seconds).toBeGreaterThan(0);
    expect(health(watched).blind_seconds).toBeLessThan(
      (Date.now() - silentSince) / 1_000 + (2 * timeouts.proof) / 1_000 + 30,
    );
    // A list that takes 0.3 s is one that failed, which a busy machine must not be blamed for.
    const failures = watched.lines.filter(({ fields }) => fields.status === 'failed').map(({ fields }) => fields.error);
    expect(failures.filter((error) => !/did not answer in time/.test(String(error)))).toEqual([]);

    server.event(pushed('back'));
    server.lists = { Event: [warning('lost'), warning('back')] };
    await expect.poll(() => health(watched).degraded, patient).toBeUndefined();
    const polls = () => calls(server, 'resources_list');
    const before = polls();
    await expect.poll(() => calls(server, 'events_list_subscriptions') + polls(), patient).toBeGreaterThan(before + 1);
  });

  test('is not assumed of a server that pushes only the first occurrence of an Event', async () => {
    const server = await startServer();
    server.lists = { Event: [warning('known')] };
    const watched = watchCluster(server.endpoint, { timeouts, mode: 'both' });
    await watched.active();
    for (let count = 2; count < 6; count += 1) {
      server.lists = { Event: [warning('known', count)] };
      server.event(pushed(`other-${count}`));
      const before = calls(server, 'resources_list');
      await expect.poll(() => calls(server, 'resources_list'), patient).toBeGreaterThan(before);
    }
    expect(silences(watched)).toEqual([]);
  });

  test('of faults alone is seen by the Events of a fault that the server must have pushed, and polls find it', async () => {
    const server = await startServer();
    server.lists = { Event: [backOff('old')] };
    const watched = watchCluster(server.endpoint, { timeouts, mode: 'faults' });
    await watched.active();
    // What the scan after a subscription finds need not be pushed any more.
    await expect.poll(() => server.listed.has('Certificate')).toBe(true);
    // The server has no detector for init containers, and calls nothing a fault again that is one already.
    server.fault(crashLoopOf('pushed'));
    server.lists = { Event: [backOff('old'), backOff('pushed'), backOff('init', 'initContainers'), warning('other')] };
    const listed = calls(server, 'resources_list');
    await expect.poll(() => calls(server, 'resources_list'), patient).toBeGreaterThan(listed + 3);
    expect(silences(watched)).toEqual([]);

    server.lists = { Event: [backOff('old'), backOff('cart-1')], Pod: [crashing] };
    await expect
      .poll(() => health(watched).degraded, patient)
      .toMatch(/^push is silent: .*\(Pod\|shop\|cart-1\|fault\)$/);
    const resources = () => watched.received.map(({ fault }) => fault.resource.name);
    await expect.poll(resources, patient).toContain('cart-1');
    server.fault(crashLoopOf('back'));
    await expect.poll(() => health(watched).degraded, patient).toBeUndefined();
  });
});

/** An Event of a pod that crashes again and again. */
function backOff(name: string, containers = 'containers'): object {
  return {
    ...warning(`back-off-${name}`),
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name, fieldPath: `spec.${containers}{app}` },
    reason: 'BackOff',
    message: `Back-off restarting failed container app in pod ${name}`,
  };
}

/** The fault that the server pushes of it. */
function crashLoopOf(name: string): object {
  return {
    faultId: `fault-${name}`,
    faultType: 'CrashLoop',
    severity: 'critical',
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name, uid: `uid-${name}` },
    timestamp: NOON,
  };
}

test('a server whose credentials are bound to one namespace is degraded, with the kinds and the namespace', async () => {
  const read = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] };
  const everywhere = { ...read, resources: ['nodes', 'namespaces'] };
  const cluster = await startSimulatedCluster({
    name: 'alpha',
    eventsTools: false,
    mcpRole: [everywhere, { ...read, namespaces: ['default'] }],
  });
  onTestFinished(() => cluster.stop());
  const watched = watchCluster(cluster.mcpEndpoint, { mode: 'poll' });
  await watched.active();
  const { degraded, blind_kinds = [] } = health(watched);
  expect(degraded).toMatch(/^the MCP server cannot list events: namespaces other than .*forbidden.*it needs the rule/);
  expect(blind_kinds.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['pods', 'deployments', 'jobs', 'events']),
  );
  expect(blind_kinds.map(({ kind }) => kind)).not.toEqual(expect.arrayContaining(['nodes']));
  expect(watched.lines.filter(({ message }) => message.startsWith('only one namespace is listed'))).toHaveLength(
    blind_kinds.length,
  );
});
