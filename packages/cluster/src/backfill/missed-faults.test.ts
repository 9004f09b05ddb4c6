import { faultFingerprint } from '@nightcrier/core/faults/fault';
import { describe, expect, test } from 'vitest';
import { missedFaults } from './missed-faults.ts';
import type { ClusterSnapshot, Pod, WarningEvent } from '../detection/resource-kinds.ts';

const takenAt = new Date('2026-11-21T10:00:00Z');
const LAST_CONTACT = Date.parse('2026-11-21T09:00:00Z');
const IN_THE_GAP = '2026-11-21T09:10:00Z';
const BEFORE = '2026-11-21T08:50:00Z';

const metadata = { name: 'cart-7d4b9c-abcde', namespace: 'shop', uid: 'u-1' };
const involvedObject = { apiVersion: 'v1', kind: 'Pod', ...metadata, fieldPath: 'spec.containers{app}' };

const crashed = (finishedAt: string): Pod => ({
  metadata,
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'app', state: {}, lastState: { terminated: { exitCode: 1, finishedAt } } }],
  },
});
const looping: Pod = {
  metadata,
  status: { containerStatuses: [{ name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
};
const failedJob = (at: string) => ({
  metadata: { ...metadata, name: 'import' },
  status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: at }] },
});
const event = (changes: Partial<WarningEvent> = {}): WarningEvent => ({
  metadata: { name: 'e' },
  involvedObject,
  type: 'Warning',
  reason: 'BackOff',
  message: 'Back-off restarting failed container app in pod cart',
  lastTimestamp: IN_THE_GAP,
  firstTimestamp: undefined,
  eventTime: undefined,
  ...changes,
});

function missed(
  snapshot: Omit<ClusterSnapshot, 'takenAt'>,
  question: { since?: number | undefined; mode?: 'faults' | 'events' | 'poll' } = {},
) {
  return missedFaults(
    { takenAt, ...snapshot },
    { clusterName: 'kind-west', since: LAST_CONTACT, mode: 'faults', ...question },
  );
}
const types = (...args: Parameters<typeof missed>) => missed(...args).map(({ fault }) => fault.faultType);
const FIRST = { since: undefined };

describe('what went wrong since the last contact', () => {
  test('counts although it is over', () => {
    expect(types({ pods: [crashed(IN_THE_GAP)], jobs: [failedJob(IN_THE_GAP)] })).toEqual(['PodCrash', 'JobFailure']);
  });

  test('is told by events alone when the object is gone, as the fault that the server would have sent', () => {
    const [fault] = missed({ events: [event()] });
    expect(fault?.fault.faultId).toBe(
      faultFingerprint('kind-west', 'CrashLoop', { ...metadata, apiVersion: 'v1', kind: 'Pod' }, 'app'),
    );
  });

  test.each([
    ['Node', 'NodeNotReady', 'NodeUnhealthy'],
    ['Job', 'BackoffLimitExceeded', 'JobFailure'],
    ['Pod', 'Evicted', 'PodCrash'],
  ])('%s event %s stands for %s', (kind, reason, faultType) => {
    expect(types({ events: [event({ reason, involvedObject: { ...involvedObject, kind } })] })).toEqual([faultType]);
  });

  test('leaves out events that are no faults to the server', () => {
    expect(types({ events: [event({ reason: 'Unhealthy', message: 'Readiness probe failed' })] })).toEqual([]);
  });

  test('has the uid of the node where the event has its name', () => {
    const node = { metadata: { name: 'node-1', uid: 'real-uid' }, status: { conditions: [] } };
    const told = event({
      reason: 'NodeNotReady',
      involvedObject: { ...involvedObject, kind: 'Node', name: 'node-1', uid: 'node-1' },
    });
    expect(missed({ nodes: [node], events: [told] })[0]?.fault.resource.uid).toBe('real-uid');
  });
});

test('what ended before the last contact is history', () => {
  const old = event({ lastTimestamp: BEFORE });
  expect(types({ pods: [crashed(BEFORE)], jobs: [failedJob(BEFORE)], events: [old] })).toEqual([]);
});

test('without a last contact only what is wrong now counts', () => {
  expect(types({ pods: [looping], events: [event()] }, FIRST)).toEqual(['CrashLoop']);
  expect(types({ pods: [crashed('2026-11-21T09:59:00Z')], events: [event()] }, FIRST)).toEqual([]);
});

describe('a fault is known', () => {
  test('by any incident when nothing tells since when it stands', () => {
    expect(missed({ pods: [looping] })[0]?.knownBy).toMatchObject([{ since: 0 }]);
  });

  test('by an incident that is not older than itself, or by one of the loop that it is part of', () => {
    const [crash] = missed({ pods: [crashed(IN_THE_GAP)] });
    expect(crash?.knownBy).toEqual([
      { fingerprint: crash?.fault.faultId, since: Date.parse(IN_THE_GAP) - 10_000 },
      { fingerprint: expect.any(String), since: 0 },
    ]);
  });
});

describe('who watches events', () => {
  test('gets the events of the gap, and not the states that they are about', () => {
    const snapshot = { pods: [looping], events: [event(), event({ reason: 'Unhealthy' })] };
    expect(types(snapshot, { mode: 'events' })).toEqual(['BackOff', 'Unhealthy']);
  });

  test('gets the state of an object that has no events', () => {
    expect(types({ pods: [looping] }, { mode: 'events' })).toEqual(['CrashLoop']);
  });
});
