import { faultFingerprint } from '@nightcrier/core/faults/fault';
import { describe, expect, test } from 'vitest';
import { detectFaults } from './detect-faults.ts';
import type { ClusterSnapshot, Pod, WarningEvent } from './resource-kinds.ts';

const takenAt = new Date('2026-11-21T10:00:00Z');
const JUST_NOW = '2026-11-21T09:59:30Z';
const LONG_AGO = '2026-11-21T08:00:00Z';

const metadata = { name: 'cart-7d4b9c-abcde', namespace: 'shop', uid: 'u-1' };
const podReference = { apiVersion: 'v1', kind: 'Pod', ...metadata };
type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

const pod = (container: Partial<ContainerStatus>, more: object = {}): Pod => ({
  metadata: { ...metadata, ...more },
  status: { phase: 'Running', containerStatuses: [{ name: 'app', ...container }] },
});
const ended = (exitCode: number, reason: string, finishedAt = JUST_NOW) => ({
  terminated: { exitCode, reason, finishedAt },
});
const event = (changes: Partial<WarningEvent> = {}): WarningEvent => ({
  metadata: { name: 'e' },
  involvedObject: { ...podReference, fieldPath: 'spec.containers{app}' },
  type: 'Warning',
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  lastTimestamp: JUST_NOW,
  firstTimestamp: undefined,
  eventTime: undefined,
  ...changes,
});

const detect = (snapshot: Omit<ClusterSnapshot, 'takenAt'>) => detectFaults({ takenAt, ...snapshot }, 'alpha');
const types = (snapshot: Omit<ClusterSnapshot, 'takenAt'>) => detect(snapshot).map(({ faultType }) => faultType);

describe('pods', () => {
  test('a crash loop has the fingerprint that the server would give it', () => {
    const looping = pod({
      restartCount: 6,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: ended(1, 'Error'),
    });
    expect(detect({ pods: [looping] })).toEqual([
      {
        faultId: faultFingerprint('alpha', 'CrashLoop', podReference, 'app'),
        faultType: 'CrashLoop',
        severity: 'critical',
        resource: podReference,
        container: 'app',
        context: 'Container app keeps crashing, restart count: 6; last: exit code 1 (Error)',
        timestamp: '2026-11-21T09:59:30.000Z',
      },
    ]);
  });

  test.each([
    ['that was killed for its memory and runs again', { state: {}, lastState: ended(137, 'OOMKilled') }, 'OOMKilled'],
    ['that just ended with an error', { state: ended(2, 'Error') }, 'exit code 2'],
    [
      'whose image cannot be pulled',
      { state: { waiting: { reason: 'ErrImagePull', message: 'no such tag' } } },
      'no such tag',
    ],
    [
      'whose configuration is wrong',
      { state: { waiting: { reason: 'CreateContainerConfigError' } } },
      'CreateContainerConfigError',
    ],
  ])('a container %s is a PodCrash', (_, container, words) => {
    const [fault] = detect({ pods: [pod(container)] });
    expect(fault).toMatchObject({ faultType: 'PodCrash', container: 'app', context: expect.stringContaining(words) });
    expect(fault?.faultId).toBe(faultFingerprint('alpha', 'PodCrash', podReference, 'app'));
  });

  test('a failing init container counts like any other', () => {
    const status = {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'migrate', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    expect(detect({ pods: [{ metadata, status }] })).toMatchObject([{ faultType: 'CrashLoop', container: 'migrate' }]);
  });

  test.each([
    ['waits for its turn', pod({ state: { waiting: { reason: 'ContainerCreating' } } })],
    ['runs', pod({ state: {}, lastState: {} })],
    ['ended well', pod({ state: ended(0, 'Completed') })],
    ['crashed long ago and runs since', pod({ state: {}, lastState: ended(1, 'Error', LONG_AGO) })],
    ['is being deleted', pod({ state: ended(137, 'Error') }, { deletionTimestamp: JUST_NOW })],
    [
      'succeeded',
      { metadata, status: { phase: 'Succeeded', containerStatuses: [{ name: 'app', state: ended(1, 'Error') }] } },
    ],
    ['has no status yet', { metadata }],
  ] as [string, Pod][])('no fault: a pod that %s', (_, given) => {
    expect(detect({ pods: [given] })).toEqual([]);
  });

  test('a pod that cannot be scheduled is a PodCrash without a container', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
    ];
    const [fault] = detect({ pods: [{ metadata, status: { phase: 'Pending', conditions } }] });
    expect(fault).toMatchObject({ faultType: 'PodCrash', context: 'Pod cannot be scheduled: 0/3 nodes are available' });
    expect(fault?.faultId).toBe(faultFingerprint('alpha', 'PodCrash', podReference));
  });

  test.each([
    [JUST_NOW, ['PodCrash']],
    [LONG_AGO, []],
  ])('an evicted pod is a fault only while that is news (%s)', (lastTransitionTime, expected) => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime }];
    expect(types({ pods: [{ metadata, status: { phase: 'Failed', reason: 'Evicted', conditions } }] })).toEqual(
      expected,
    );
  });
});

describe('nodes, jobs, deployments', () => {
  const node = { name: 'node-1', uid: 'n-1' };

  test.each([['False'], ['Unknown']])('a node whose Ready is %s is unhealthy', (status) => {
    const [fault] = detect({ nodes: [{ metadata: node, status: { conditions: [{ type: 'Ready', status }] } }] });
    expect(fault).toMatchObject({ faultType: 'NodeUnhealthy', resource: { kind: 'Node', name: 'node-1' } });
    expect(fault?.faultId).toBe(
      faultFingerprint('alpha', 'NodeUnhealthy', { apiVersion: 'v1', kind: 'Node', ...node }),
    );
  });

  test('a node under pressure is unhealthy, once', () => {
    const conditions = ['MemoryPressure', 'DiskPressure'].map((type) => ({ type, status: 'True' }));
    conditions.push({ type: 'Ready', status: 'True' });
    expect(detect({ nodes: [{ metadata: node, status: { conditions } }] })).toMatchObject([
      { faultType: 'NodeUnhealthy', context: 'MemoryPressure=True\nDiskPressure=True' },
    ]);
  });

  test('a healthy node is no fault', () => {
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'DiskPressure', status: 'False' },
    ];
    expect(detect({ nodes: [{ metadata: node, status: { conditions } }] })).toEqual([]);
  });

  test.each([
    [JUST_NOW, ['JobFailure']],
    [LONG_AGO, []],
  ])('a job that failed is a fault only while that is news (%s)', (lastTransitionTime, expected) => {
    const conditions = [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', lastTransitionTime }];
    expect(types({ jobs: [{ metadata, status: { conditions } }] })).toEqual(expected);
  });

  test.each([
    [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }, ['DeploymentFailure']],
    [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }, ['DeploymentFailure']],
    [{ type: 'Available', status: 'False' }, []],
    [{ type: 'Progressing', status: 'True' }, []],
  ])('a deployment with %j', (condition, expected) => {
    expect(types({ deployments: [{ metadata, status: { conditions: [condition] } }] })).toEqual(expected);
  });
});

describe('events', () => {
  test('a Warning event of an object without other faults is a fault of its reason', () => {
    expect(detect({ events: [event()] })).toMatchObject([
      {
        faultId: faultFingerprint('alpha', 'BackOff', podReference, 'app'),
        faultType: 'BackOff',
        severity: 'warning',
        container: 'app',
        resource: podReference,
      },
    ]);
  });

  test('an event is the symptom of a fault of the same object', () => {
    const pods = [pod({ state: { waiting: { reason: 'CrashLoopBackOff' } } })];
    expect(types({ pods, events: [event()] })).toEqual(['CrashLoop']);
  });

  test('the same event twice is one fault', () => {
    expect(detect({ events: [event(), event({ message: 'again' })] })).toHaveLength(1);
  });

  test.each([
    ['old', { lastTimestamp: LONG_AGO }],
    ['Normal', { type: 'Normal' }],
  ])('an event that is %s is no fault', (_, changes) => {
    expect(detect({ events: [event(changes)] })).toEqual([]);
  });

  test.each([
    ['a series', { lastTimestamp: undefined, series: { lastObservedTime: LONG_AGO } }],
    ['the eventTime', { lastTimestamp: null, eventTime: LONG_AGO }],
  ])('the age of an event is that of %s', (_, changes) => {
    expect(detect({ events: [event(changes)] })).toEqual([]);
  });
});

test('kinds that could not be read are no fault', () => {
  expect(detect({})).toEqual([]);
});
