import { expect, test } from 'vitest';
import { groupKey, workloadOf } from './group-key.ts';

test.each([
  ['Pod', 'cart-7d4b9c8f6d-x2vbq', 'cart'],
  ['Pod', 'cart-7d4b9c-abcde', 'cart'],
  ['Pod', 'cart-api-v2-7d4b9c8f6d-x2vbq', 'cart-api-v2'],
  ['Pod', 'backup-28412345-x2vbq', 'backup'],
  ['Pod', 'migrate-0-x2vbq', 'migrate'],
  ['Pod', 'fluentd-x2vbq', 'fluentd'],
  ['Pod', 'db-0', 'db'],
  ['Pod', 'db-12', 'db'],
  ['ReplicaSet', 'cart-7d4b9c8f6d', 'cart'],
  ['Job', 'backup-28412345', 'backup'],
  ['Job', 'migrate-schema', 'migrate-schema'],
  ['Deployment', 'cart', 'cart'],
])('the workload of %s %s is %s', (kind, name, workload) => {
  expect(workloadOf({ apiVersion: 'v1', kind, name })).toBe(workload);
});

test.each([
  ['Pod', 'cart'],
  ['Pod', 'cart-alpha'],
  ['Pod', 'cart-service-alpha'],
  ['Deployment', 'db-0'],
])('a name without a generated suffix stays whole: %s %s', (kind, name) => {
  expect(workloadOf({ apiVersion: 'v1', kind, name })).toBe(name);
});

test('a resource that is not a workload is named with its kind', () => {
  expect(workloadOf({ apiVersion: 'v1', kind: 'Node', name: 'node-1' })).toBe('Node/node-1');
});

const fault = (name: string, { namespace = 'shop', faultType = 'CrashLoop' } = {}) => ({
  faultId: name,
  faultType,
  severity: 'warning' as const,
  resource: { apiVersion: 'v1', kind: 'Pod', name, namespace },
  timestamp: '2026-01-01T00:00:00Z',
});

test('the pods of a workload share a group per namespace and fault type', () => {
  const key = groupKey(fault('cart-7d4b9c8f6d-x2vbq'), 'workload');
  expect(groupKey(fault('cart-7d4b9c8f6d-zzzzz'), 'workload')).toBe(key);
  expect(groupKey(fault('cart-5c6d7f8g9h-zzzzz'), 'workload')).toBe(key);
  expect(groupKey(fault('cart-7d4b9c8f6d-x2vbq', { namespace: 'test' }), 'workload')).not.toBe(key);
  expect(groupKey(fault('cart-7d4b9c8f6d-x2vbq', { faultType: 'PodCrash' }), 'workload')).not.toBe(key);
  expect(groupKey(fault('order-7d4b9c8f6d-x2vbq'), 'workload')).not.toBe(key);
});

test('parts that contain slashes do not collide', () => {
  const one = groupKey(fault('b/c', { namespace: 'a' }), 'workload');
  expect(groupKey(fault('c', { namespace: 'a/b' }), 'workload')).not.toBe(one);
});

test('grouping by resource separates two pods; without grouping there is no group', () => {
  const [one, other] = [fault('cart-7d4b9c8f6d-x2vbq'), fault('cart-7d4b9c8f6d-zzzzz')];
  expect(groupKey(one, 'resource')).toBe(groupKey({ ...one, faultId: 'another container' }, 'resource'));
  expect(groupKey(one, 'resource')).not.toBe(groupKey(other, 'resource'));
  expect(groupKey(one, 'none')).toBeUndefined();
});
