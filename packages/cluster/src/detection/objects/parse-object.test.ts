import { expect, test } from 'vitest';
import { parseObject } from './parse-object.ts';

const pod = (metadata: object) => ({ metadata: { name: 'cart', namespace: 'shop', uid: 'a-uid', ...metadata } });

test.each([
  ['a uid', { uid: 'x'.repeat(300) }],
  ['a name', { name: 'x'.repeat(600) }],
  ['a namespace', { namespace: 'x'.repeat(600) }],
  ['an owner', { ownerReferences: [{ kind: 'ReplicaSet', name: 'x'.repeat(600) }] }],
])('an object with %s that is longer than a fault may have is not read', (_, metadata) => {
  expect(parseObject('pods', pod({}))).toMatchObject(pod({}));
  expect(parseObject('pods', pod(metadata))).toBeUndefined();
});
