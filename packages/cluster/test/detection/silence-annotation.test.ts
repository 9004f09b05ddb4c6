import { expect, test } from 'vitest';
import { Detector } from '../../src/detection/detector.ts';
import { parseObject } from '../../src/detection/objects/parse-object.ts';
import type { WatchedKind } from '../../src/detection/objects/kinds.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ANNOTATION = 'nightcrier.io/silence';
const pod = { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c8f6d-x2vbq', namespace: 'shop' };

function detectorWith(objects: [WatchedKind, object][]): Detector {
  const detector = new Detector('prod');
  for (const [kind, value] of objects) {
    const object = parseObject(kind, value);
    if (!object) throw new Error(`${kind} cannot be parsed`);
    detector.put(kind, object, NOW);
  }
  return detector;
}

const owned = (kind: string, name: string) => [{ kind, name, controller: true }];
const podObject = (annotations?: object) =>
  [
    'pods',
    {
      metadata: {
        name: pod.name,
        namespace: 'shop',
        annotations,
        ownerReferences: owned('ReplicaSet', 'cart-7d4b9c8f6d'),
      },
    },
  ] as [WatchedKind, object];
const replicaSet = [
  'replicasets',
  { metadata: { name: 'cart-7d4b9c8f6d', namespace: 'shop', ownerReferences: owned('Deployment', 'cart') } },
] as [WatchedKind, object];
const deployment = (annotations?: object) =>
  ['deployments', { metadata: { name: 'cart', namespace: 'shop', annotations } }] as [WatchedKind, object];
const namespace = (annotations?: object) =>
  ['namespaces', { metadata: { name: 'shop', annotations } }] as [WatchedKind, object];

test.each<[string, [WatchedKind, object][], string | undefined]>([
  ['its own', [podObject({ [ANNOTATION]: 'true', other: 'x' })], 'true'],
  ['that of its Deployment', [podObject(), replicaSet, deployment({ [ANNOTATION]: '2026-03-02' })], '2026-03-02'],
  ['that of its namespace', [podObject({}), namespace({ [ANNOTATION]: 'true' })], 'true'],
  ['none', [podObject(), replicaSet, deployment({ other: 'x' }), namespace()], 'none'],
  ['that of its namespace, where it is not known itself', [namespace({ [ANNOTATION]: 'true' })], 'true'],
  ['unknown, where nothing is', [], undefined],
])('the annotation that silences a pod: %s', (_, objects, value) => {
  expect(detectorWith(objects).silenceOf(pod)).toBe(value);
});

test('the annotation of a healthy namespace is kept when healthy objects are forgotten, until it is removed', () => {
  const detector = detectorWith([namespace({ [ANNOTATION]: 'true' }), deployment()]);
  detector.forgetHealthy();
  expect(detector.silenceOf(pod)).toBe('true');
  const plain = parseObject('namespaces', { metadata: { name: 'shop' } });
  if (plain) detector.list('namespaces', [plain], NOW);
  expect(detector.silenceOf(pod)).toBeUndefined();
});
