import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { FaultEvent, describeResource, faultFingerprint } from './fault.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop', uid: 'uid-1' };

describe('faultFingerprint', () => {
  test('is what the server computes as faultId', () => {
    const expected = createHash('sha256').update('prod:CrashLoop:uid-1:app').digest('hex').slice(0, 16);
    expect(faultFingerprint('prod', 'CrashLoop', pod, 'app')).toBe(expected);
  });

  test('differs by cluster, fault type, resource and container', () => {
    const prints = [
      faultFingerprint('prod', 'CrashLoop', pod, 'app'),
      faultFingerprint('test', 'CrashLoop', pod, 'app'),
      faultFingerprint('prod', 'PodCrash', pod, 'app'),
      faultFingerprint('prod', 'CrashLoop', { ...pod, uid: 'uid-2' }, 'app'),
      faultFingerprint('prod', 'CrashLoop', pod, 'sidecar'),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  test('falls back to kind, namespace and name without a uid', () => {
    const nameless = { ...pod, uid: undefined };
    expect(faultFingerprint('prod', 'CrashLoop', nameless)).toBe(
      faultFingerprint('prod', 'CrashLoop', { ...nameless }),
    );
    expect(faultFingerprint('prod', 'CrashLoop', nameless)).not.toBe(
      faultFingerprint('prod', 'CrashLoop', { ...nameless, namespace: 'other' }),
    );
  });
});

describe('FaultEvent', () => {
  const fault = {
    faultId: 'a',
    faultType: 'CrashLoop',
    severity: 'critical',
    resource: pod,
    timestamp: '2026-01-02T03:04:05Z',
  };

  test('accepts what the server sends', () => {
    expect(FaultEvent.parse(fault)).toEqual(fault);
  });

  test.each([
    ['an unknown severity', { ...fault, severity: 'fatal' }],
    ['a resource without a name', { ...fault, resource: { kind: 'Pod' } }],
    ['a timestamp that is not RFC 3339', { ...fault, timestamp: 'yesterday' }],
    ['a name of 100 KB', { ...fault, resource: { ...pod, name: 'x'.repeat(100_000) } }],
  ])('refuses %s', (_, raw) => {
    expect(FaultEvent.safeParse(raw).success).toBe(false);
  });
});

test('describeResource omits a missing namespace', () => {
  expect(describeResource(pod)).toBe('Pod shop/cart-1');
  expect(describeResource({ apiVersion: 'v1', kind: 'Node', name: 'node-1' })).toBe('Node node-1');
});
