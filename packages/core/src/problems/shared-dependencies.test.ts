import { expect, test } from 'vitest';
import { sharedDependencies } from './shared-dependencies.ts';

const of = (faultType: string, context: string): string[] =>
  sharedDependencies({
    faultId: 'f',
    faultType,
    severity: 'warning',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop' },
    timestamp: '2026-01-02T03:04:05Z',
    context,
  });

test.each<[string, string, string[]]>([
  ['ContainerConfigError', 'configmap "app" not found', ['configmap/shop/app']],
  ['ContainerConfigError', "couldn't find key url in ConfigMap shop/app", ['configmap/shop/app']],
  ['FailedMount', 'MountVolume.SetUp failed for volume "tls" : secret "tls" not found', ['secret/shop/tls']],
  [
    'Unschedulable',
    '0/3 nodes are available: persistentvolumeclaim "data" not found.',
    ['persistentvolumeclaim/shop/data'],
  ],
  ['ProvisioningFailed', 'storageclass.storage.k8s.io "fast" not found', ['storageclass//fast']],
  ['FailedCreate', 'pods "a" is forbidden: exceeded quota: compute, requested: pods=1', ['resourcequota/shop/compute']],
  [
    'FailedCreate',
    'Internal error occurred: failed calling webhook "v.example.io": no route',
    ['webhook//v.example.io'],
  ],
  ['ImagePull', 'Back-off pulling image "registry.example.com/shop/cart:1"', ['registry//registry.example.com']],
  ['ImagePull', 'Failed to pull image "localhost:5000/cart": refused', ['registry//localhost:5000']],
  ['ImagePull', 'Failed to pull image "library/redis:7": toomanyrequests', ['registry//docker.io']],
  ['CrashLoop', 'Container image "registry.example.com/shop/cart:1" exited', []],
  ['CrashLoop', '', []],
])('%s: %s', (type, context, expected) => {
  expect(of(type, context)).toEqual(expected);
});

test('hostile text costs linear time, and at most three dependencies are kept', () => {
  expect(of('ImagePull', 'secret "'.repeat(2_000))).toEqual([]);
  expect(of('FailedMount', Array.from({ length: 100 }, (_, at) => `secret "s${at}"`).join(' '))).toHaveLength(3);
});
