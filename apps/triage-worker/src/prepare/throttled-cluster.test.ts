import { KubernetesError } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { expect, test } from 'vitest';
import { throttledOutcome } from './throttled-cluster.ts';

const refused = (status: number, retryAfter?: number) => new KubernetesError('http', 'refused', { status, retryAfter });

test.each([
  [refused(429, 40_000), 40_000],
  [refused(429), 15_000],
  [refused(429, 0), 1_000],
  [refused(429, 86_400_000), 600_000],
  [refused(503, 5_000), 5_000],
])('an incident whose API server throttles waits as long as the server says, within bounds: %o', (error, delay) => {
  expect(throttledOutcome(error)).toMatchObject({ kind: 'requeue', delay });
});

test.each([refused(503), refused(500, 5_000), new KubernetesError('unreachable', 'refused'), new Error('429')])(
  'other failures count as attempts: %o',
  (error) => {
    expect(throttledOutcome(error)).toBeUndefined();
  },
);
