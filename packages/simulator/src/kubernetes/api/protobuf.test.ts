import { expect, test } from 'vitest';
import { decodeReview } from './protobuf.ts';

/** One length-delimited field. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
}

function review(kind: string, spec: Buffer): Buffer {
  const type = Buffer.concat([field(1, 'authorization.k8s.io/v1'), field(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, Buffer.concat([field(1, ''), field(2, spec)]))]);
}

test('reads the access review that kubectl sends', () => {
  const generation = Buffer.from([7 * 8, 0x80, 0x01]);
  const attributes = Buffer.concat([
    field(1, 'shop'),
    field(2, 'get'),
    field(3, ''),
    generation,
    field(5, 'pods'),
    field(6, 'log'),
  ]);
  expect(decodeReview(review('SelfSubjectAccessReview', field(1, attributes)))).toEqual({
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { namespace: 'shop', verb: 'get', resource: 'pods', subresource: 'log' } },
  });
});

test('reads the namespace of a rules review, and a path', () => {
  expect(decodeReview(review('SelfSubjectRulesReview', field(1, 'shop'))).spec).toEqual({ namespace: 'shop' });
  const path = Buffer.concat([field(1, '/healthz'), field(2, 'get')]);
  expect(decodeReview(review('SelfSubjectAccessReview', field(2, path))).spec).toEqual({
    nonResourceAttributes: { path: '/healthz', verb: 'get' },
  });
});

test('refuses a body without the Kubernetes prefix, and a truncated message', () => {
  expect(() => decodeReview(Buffer.from('{"spec":{}}'))).toThrow('not a Kubernetes protobuf message');
  expect(() => decodeReview(Buffer.from('k8s\0\u0080'))).toThrow('truncated protobuf message');
});
