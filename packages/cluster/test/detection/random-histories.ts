import * as fc from 'fast-check';
import type { Step } from './history.ts';
import {
  condition,
  deployment,
  event,
  type KubernetesObject,
  node,
  other,
  ownedBy,
  pod,
  replicaSet,
  running,
  terminated,
  waiting,
} from './objects.ts';

/** Something that happens to a cluster at a time, s after the start. */
type Change = (at: number) => Step;

const APPS = ['cart', 'web'];
const NODES = ['node-1', 'node-2'];

const POD_STATES: Record<string, (at: number) => object> = {
  running: (at) => ({ since: at }),
  crashing: (at) => ({
    ready: false,
    since: at,
    restarts: 3,
    state: waiting('CrashLoopBackOff'),
    lastState: terminated(1, at),
  }),
  unready: (at) => ({ ready: false, since: at, state: running(at) }),
  'without image': (at) => ({ phase: 'Pending', ready: false, since: at, state: waiting('ImagePullBackOff') }),
  'out of memory': (at) => ({
    since: at,
    restarts: 1,
    state: running(at),
    lastState: terminated(137, at, 'OOMKilled'),
  }),
  starting: (at) => ({ phase: 'Pending', ready: false, since: at, state: waiting('ContainerCreating') }),
  ended: (at) => ({ phase: 'Failed', ready: false, since: at, state: terminated(1, at) }),
};

const podOf = (app: string, index: number, options: object = {}): KubernetesObject =>
  pod({
    name: `${app}-7d4b9c8f6d-${index}`,
    node: NODES[index % 2] ?? '',
    owner: ownedBy(replicaSet({}, app)),
    metadata: { labels: { app } },
    ...options,
  });
const serviceOf = (app: string, selected: string): KubernetesObject =>
  other('v1', 'Service', app, {
    created: 0,
    spec: { type: 'ClusterIP', selector: { app: selected }, ports: [{ port: 80 }] },
  });
/** A workload that names the address of another one's Service. */
const callerOf = (app: string, address: string): KubernetesObject => {
  const template = {
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'app', env: [{ name: 'PEER', value: address }] }] },
  };
  return { ...deployment({}, app), spec: { replicas: 1, template } };
};
const rollout = (app: string, status: string, at: number): KubernetesObject =>
  deployment({ conditions: [condition('Progressing', status, at, 'ProgressDeadlineExceeded')] }, app);
const cronJob = (succeeded: string | undefined): KubernetesObject =>
  other('batch/v1', 'CronJob', 'backup', { spec: { suspend: true }, status: { lastSuccessfulTime: succeeded } });
const job = (at: number): KubernetesObject =>
  other('batch/v1', 'Job', 'backup-1', {
    owner: ownedBy(cronJob(undefined)),
    status: { conditions: [condition('Failed', 'True', at, 'BackoffLimitExceeded')] },
  });

const app = fc.constantFrom(...APPS);
const index = fc.constantFrom(0, 1);
/** Often the same pod, so that what depends on it happens too. */
const oftenFirst: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom('starting', 'running').map((state): Change => (now) => ({
    put: [podOf('cart', 0, POD_STATES[state]?.(now))],
    at: now,
  })),
  fc.constant<Change>((now) => ({ put: [event(podOf('cart', 0), 'FailedMount', 'no volume', [now, now])], at: now })),
  fc.constant<Change>((now) => ({ remove: [podOf('cart', 0)], at: now })),
);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: oftenFirst },
  fc.tuple(app, index, fc.constantFrom(...Object.keys(POD_STATES))).map(([name, at, state]): Change => (now) => ({
    put: [podOf(name, at, POD_STATES[state]?.(now))],
    at: now,
  })),
  fc.tuple(app, index).map(([name, at]): Change => (now) => ({ remove: [podOf(name, at)], at: now })),
  fc.tuple(app, fc.constantFrom('True', 'False')).map(([name, status]): Change => (now) => ({
    put: [rollout(name, status, now)],
    at: now,
  })),
  fc.tuple(app, app).map(([name, selected]): Change => (now) => ({ put: [serviceOf(name, selected)], at: now })),
  app.map((name): Change => (now) => ({ remove: [serviceOf(name, name)], at: now })),
  fc
    .tuple(app, fc.constantFrom('cart:80', 'carts:80', 'web:8080', 'nothing'))
    .map(([name, address]): Change => (now) => ({ put: [callerOf(name, address)], at: now })),
  app.map((name): Change => (now) => ({ remove: [deployment({}, name)], at: now })),
  fc
    .tuple(fc.constantFrom(...NODES), fc.constantFrom('True', 'False', 'Unknown'))
    .map(([name, ready]): Change => (now) => ({ put: [node(ready, now, { name })], at: now })),
  fc
    .tuple(app, index, fc.constantFrom('FailedMount', 'BackOff', 'Unhealthy', 'Strange'), fc.constantFrom(0, 60, 200))
    .map(([name, at, reason, lasting]): Change => (now) => ({
      put: [event(podOf(name, at), reason, 'Liveness probe failed', [now - lasting, now])],
      at: now,
    })),
  fc.constantFrom<Change>(
    (now) => ({ put: [job(now)], at: now }),
    (now) => ({ remove: [job(now)], at: now }),
    (now) => ({ put: [cronJob(new Date(Date.parse('2026-11-21T10:00:00Z') + now * 1000).toISOString())], at: now }),
    (now) => ({ remove: [cronJob(undefined)], at: now }),
  ),
);

const first: Step = {
  at: 0,
  put: [
    ...NODES.map((name) => node('True', -3600, { name })),
    other('v1', 'Namespace', 'shop', { namespace: '' }),
    ...APPS.flatMap((name) => [
      deployment({}, name),
      replicaSet({}, name),
      serviceOf(name, name),
      podOf(name, 0),
      podOf(name, 1),
    ]),
  ],
};

/** Histories of a small cluster in which anything can happen, in any order. */
export const randomSteps: fc.Arbitrary<Step[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 150 }), change), { minLength: 1, maxLength: 12 })
  .map((changes) => {
    let at = 0;
    return [first, ...changes.map(([after, make]) => make((at += after)))];
  });
