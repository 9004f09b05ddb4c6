import { expect, test } from 'vitest';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { watchCluster } from './watched-cluster.fixture.ts';

const NOON = '2026-11-26T12:00:00Z';

function crashingPod(name: string): object {
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' };
  const terminated = { exitCode: 1, reason: 'Error', finishedAt: NOON };
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, creationTimestamp: NOON },
    status: { containerStatuses: [{ name: 'app', restartCount: 3, state: { waiting }, lastState: { terminated } }] },
  };
}

function backOff(pod: string): object {
  return {
    metadata: { name: `back-off-${pod}`, namespace: 'shop', uid: `event-${pod}`, creationTimestamp: NOON },
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'shop',
      name: pod,
      uid: `uid-${pod}`,
      fieldPath: 'spec.containers{app}',
    },
    type: 'Warning',
    reason: 'BackOff',
    message: `Back-off restarting failed container app in pod ${pod}`,
    count: 1,
    firstTimestamp: NOON,
    lastTimestamp: NOON,
  };
}

test('what happens between a subscription and the first lists is reported, and once: pushed, listed or both', async () => {
  const lists = { Event: [backOff('before')], Pod: [crashingPod('before')] };
  const happens = (pod: string, shown: { list: boolean; push: boolean }): void => {
    lists.Pod.push(crashingPod(pod));
    if (shown.list) lists.Event.push(backOff(pod));
    if (shown.push) server.event({ ...backOff(pod), namespace: 'shop', timestamp: NOON });
  };
  let isSubscribed = false;
  let isListed = false;
  const server = await ScriptedServer.start({
    post: ({ params }, response, { lists: shown }) => {
      const { name, arguments: args } = params ?? {};
      if (name === 'events_subscribe' && args?.mode === 'events' && !isSubscribed) {
        isSubscribed = true;
        response.on('finish', () => {
          happens('both', { list: true, push: true });
          happens('listed', { list: true, push: false });
        });
      }
      if (name === 'resources_list' && args?.kind === 'Event' && isSubscribed && !isListed) {
        isListed = true;
        shown.Event = [...lists.Event];
        response.on('finish', () => {
          happens('pushed', { list: false, push: true });
          shown.Pod = [...lists.Pod];
        });
      }
      return false;
    },
  });
  server.lists = { Event: [...lists.Event], Pod: [...lists.Pod] };
  const watched = watchCluster(server.endpoint, { mode: 'both' });
  const reported = (): string[] => watched.received.map(({ fault }) => fault.resource.name).toSorted();
  await watched.active();
  await expect.poll(reported, { timeout: 30_000 }).toEqual(['before', 'both', 'listed', 'pushed']);
  // A later occurrence of each is no other fault.
  for (const pod of ['before', 'both', 'listed', 'pushed'])
    server.event({ ...backOff(pod), namespace: 'shop', count: 2 });
  server.fault({ faultId: 'last', faultType: 'CrashLoop', resource: { apiVersion: 'v1', kind: 'Pod', name: 'last' } });
  await expect.poll(reported, { timeout: 30_000 }).toEqual(['before', 'both', 'last', 'listed', 'pushed']);
});
