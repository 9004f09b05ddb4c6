import { expect, test } from 'vitest';
import { causeSignature } from './cause-signature.ts';

const event = (faultType: string, context: string) => ({
  event: {
    faultId: 'f',
    faultType,
    severity: 'critical' as const,
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop' },
    context,
    timestamp: '2026-01-02T03:04:05Z',
  },
});

test.each([
  ['CrashLoop', 'Container app keeps crashing, restart count: 3; last: exit code 1 (Error)', ['crash exit code=1']],
  [
    'OOMKilled',
    'Container app was killed for its memory, restart count: 1; last: exit code 137 (OOMKilled)',
    ['crash exit code=137', 'crash reason=OOMKilled'],
  ],
  ['ImagePull', 'Container app cannot start: ErrImagePull: not found', ['image reason=ImagePull']],
  ['ImagePull', 'Container app cannot start: ImagePullBackOff: back-off', ['image reason=ImagePull']],
  ['CrashLoop', 'exit code 1 (constructor)', ['crash exit code=1', 'crash reason=constructor']],
  ['ProbeFailure', 'Container app runs and is not ready, restart count: 0', []],
])('%s with the context %j tells %j of its cause', (type, context, facts) => {
  expect(causeSignature(event(type, context))).toEqual(facts);
});

test('the images count in any order', () => {
  const crash = event('CrashLoop', 'exit code 2');
  expect(causeSignature({ ...crash, images: ['b:1', 'a:1'] })).toEqual(['crash exit code=2', 'images=a:1 b:1']);
});
