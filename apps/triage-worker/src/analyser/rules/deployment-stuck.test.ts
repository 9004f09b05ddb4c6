import { expect, it } from 'vitest';
import { eventsPiece, faultOf, objectPiece, podPieces } from '../../../test/analyser/evidence-of.ts';
import type { EvidencePiece } from '../../evidence/evidence.ts';
import { diagnose } from '../diagnose.ts';

const fault = faultOf('DeploymentFailure', { kind: 'Deployment', name: 'cart', apiVersion: 'apps/v1' });
const stuck = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' };
const deployment = (...conditions: object[]): EvidencePiece =>
  objectPiece('resource', {
    kind: 'Deployment',
    metadata: { name: 'cart', namespace: 'shop' },
    status: { conditions },
  });
const replicaSet = objectPiece('replicaSet', { kind: 'ReplicaSet', metadata: { name: 'cart-5d', namespace: 'shop' } });
const badImage = podPieces('pod', {
  status: { phase: 'Pending' },
  container: { ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'manifest unknown' } } },
});
const well = podPieces('pod', { name: 'cart-2', status: { conditions: [{ type: 'Ready', status: 'True' }] } });

it('gives the cause of its worst pod', () => {
  const diagnosis = diagnose({ collectedAt: '', pieces: [deployment(stuck), ...badImage, ...well] }, fault);
  expect(diagnosis.title).toMatch(/^Deployment cart is stuck: Image of cart-1 cannot be pulled/);
  expect(diagnosis.recommendations.at(-1)).toContain('kubectl rollout status -n shop deployment/cart');
  expect(diagnosis.determined).toBe(true);
});

it.each([
  [
    'exceeded quota: compute, requested: cpu=2, used: cpu=7, limited: cpu=8',
    'The ResourceQuota `compute` of the namespace `shop` is used up: requested `cpu=2`, used `cpu=7`, limited to `cpu=8`',
  ],
  ['violates PodSecurity "restricted:latest": runAsNonRoot != true', "violate the namespace's Pod Security level"],
  [
    'error looking up service account shop/cart: serviceaccount "cart" not found',
    'their service account does not exist',
  ],
  ['failed calling webhook "policy.example.com": connection refused', 'an admission webhook refuses them'],
])('says why the API server refuses its pods: %s', (reason, cause) => {
  const events = eventsPiece('ReplicaSet', 'cart-5d', [
    ['FailedCreate', `Error creating: pods "cart-5d-x" is forbidden: ${reason}`],
  ]);
  const diagnosis = diagnose({ collectedAt: '', pieces: [deployment(stuck), replicaSet, events] }, fault);
  expect(diagnosis.rootCause).toContain(cause);
  expect(diagnosis.determined).toBe(true);
});

it('does not blame a refusal of the past when the pods are there', () => {
  const events = eventsPiece('ReplicaSet', 'cart-5d', [['FailedCreate', 'exceeded quota: compute']]);
  const diagnosis = diagnose({ collectedAt: '', pieces: [deployment(stuck), replicaSet, events, ...badImage] }, fault);
  expect(diagnosis.title).toContain('Image of cart-1');
});

it('does not claim a cause when its pods are well', () => {
  const diagnosis = diagnose({ collectedAt: '', pieces: [deployment(stuck), ...well] }, fault);
  expect(diagnosis).toMatchObject({ determined: false, confidence: 30 });
});

it('does not apply to a deployment that progresses', () => {
  const progressing = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' };
  const diagnosis = diagnose({ collectedAt: '', pieces: [deployment(progressing), ...well] }, fault);
  expect(diagnosis.title).toMatch(/^Not determined/);
});
