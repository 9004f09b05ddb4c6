import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { applyScenario, playScenario } from './apply-scenario.ts';
import { listAt, textAt } from './kubernetes/objects/kubernetes-object.ts';
import { ObjectStore } from './kubernetes/objects/object-store.ts';
import { PodLogs } from './kubernetes/api/pod-log.ts';
import { resourceType } from './kubernetes/objects/resource-types.ts';
import {
  harmlessScenarioNames,
  installedScenarioNames,
  loadScenario,
  parseScenario,
  scenarioNames,
} from './scenario.ts';

const now = new Date('2026-03-01T12:00:00Z');

function clusterWith(name: string) {
  const store = new ObjectStore();
  const logs = new PodLogs();
  applyScenario(loadScenario('baseline'), { cluster: 'alpha', now }, store, logs);
  return { store, logs, run: applyScenario(loadScenario(name), { cluster: 'alpha', now }, store, logs) };
}

test('covers the most common faults of a cluster', () => {
  expect(scenarioNames).toEqual([
    'crash-loop-back-off',
    'deployment-stuck',
    'failed-job',
    'failing-probe',
    'image-pull-back-off',
    'missing-config-map',
    'node-not-ready',
    'oom-killed',
    'unschedulable-pod',
  ]);
});

test.each([...scenarioNames, ...installedScenarioNames])(
  '%s identifies its fault as the server documents it',
  (name) => {
    const { run } = clusterWith(name);
    const fault = run.fault;
    const { container = '' } = loadScenario(name).fault ?? {};
    const identity = `alpha:${fault?.faultType}:${fault?.resource.uid}:${container}`;
    expect(fault?.faultId).toBe(createHash('sha256').update(identity).digest('hex').slice(0, 16));
  },
);

test.each([...scenarioNames, ...installedScenarioNames])(
  '%s has no unfilled placeholder and no dangling reference',
  (name) => {
    const { store, run } = clusterWith(name);
    expect(JSON.stringify([run.objects, run.events, run.fault])).not.toContain('${');
    const uids = new Set(run.objects.map((object) => object.metadata.uid));
    for (const object of run.objects) {
      for (const owner of listAt(object, 'metadata.ownerReferences')) expect(uids).toContain(textAt(owner, 'uid'));
      const { namespace = 'default' } = object.metadata;
      expect(store.get(resourceType('namespaces'), undefined, namespace)).toBeDefined();
    }
    expect(uids).toContain(run.fault?.resource.uid);
    expect(run.events.some((event) => event['type'] === 'Warning')).toBe(true);
  },
);

test('gives a workload in another namespace, and one with another name, its own identity', () => {
  const store = new ObjectStore();
  const scenario = loadScenario('oom-killed');
  const run = (extra: object) => applyScenario(scenario, { cluster: 'alpha', now, ...extra }, store, new PodLogs());
  const first = run({});
  const renamed = run({ namespace: 'other', name: 'api' });
  expect(renamed.fault?.resource).toMatchObject({ namespace: 'other', name: expect.stringMatching(/^api-/) });
  expect(renamed.fault?.faultId).not.toBe(first.fault?.faultId);
  expect(run({}).fault?.faultId).toBe(first.fault?.faultId);
  expect(run({ instance: '2' }).fault?.faultId).not.toBe(first.fault?.faultId);
});

test('merges a node of the scenario into the existing node', () => {
  const { store } = clusterWith('node-not-ready');
  const node = store.get(resourceType('nodes'), undefined, 'node-3');
  expect(node).toMatchObject({
    spec: { podCIDR: '10.244.2.0/24', taints: [{ effect: 'NoSchedule' }, { effect: 'NoExecute' }] },
    status: { nodeInfo: { kubeletVersion: 'v1.34.2' } },
  });
});

test.each([...scenarioNames, ...harmlessScenarioNames])('%s ends as it does without its history', async (name) => {
  const state = (store: ObjectStore): unknown[] =>
    ['pods', 'jobs', 'deployments', 'nodes', 'replicasets'].flatMap((plural) =>
      store
        .list(resourceType(plural))
        .map(({ metadata: { resourceVersion: _version, ...metadata }, ...object }) => ({ ...object, metadata })),
    );
  const played = new ObjectStore();
  const applied = new ObjectStore();
  const target = { cluster: 'alpha' };
  vi.useFakeTimers({ now, toFake: ['Date'] });
  applyScenario(loadScenario(name), { ...target, now }, applied, new PodLogs());
  const steps: string[] = [];
  await playScenario(loadScenario(name), {
    target,
    store: played,
    logs: new PodLogs(),
    step: (change) => {
      change();
      steps.push(JSON.stringify(state(played)));
    },
  });
  vi.useRealTimers();
  expect(state(played)).toEqual(state(applied));
  // It has been something else before, but for the node, which the cluster has already.
  expect(new Set(steps).size).toBeGreaterThan(name === 'node-not-ready' ? 0 : 1);
});

test('with a speed, the steps of a scenario take their part of the time', async () => {
  const store = new ObjectStore();
  const started = performance.now();
  await playScenario(loadScenario('crash-loop-back-off'), {
    target: { cluster: 'alpha' },
    store,
    logs: new PodLogs(),
    speed: 8 * 60 * 10,
    step: (change) => change(),
  });
  // Nine minutes, at 4,800 times the speed; a timer may end up to a millisecond early.
  expect(performance.now() - started).toBeGreaterThan(90);
});

test('an unknown scenario is refused with the names of all scenarios', () => {
  expect(() => loadScenario('meteor-strike')).toThrow(/meteor-strike.*oom-killed/);
});

test('an invalid scenario is refused with all of its problems', () => {
  const yaml = 'summary: x\ndefaults: { namespace: a, name: b }\nobjects: {}\nmood: bad\n';
  expect(() => parseScenario(yaml, 'broken')).toThrow(/"broken"[^]*rootCause[^]*|mood/);
});

test('a scenario that refers to an unknown object is refused', () => {
  const yaml = `summary: x
rootCause: y
defaults: { namespace: a, name: b }
objects: {}
events: [{ about: ghost, type: Warning, reason: Boo, message: boo, first: 1m, from: kubelet }]`;
  expect(() => parseScenario(yaml, 'haunted')).toThrow(/"haunted".*"ghost"/);
});
