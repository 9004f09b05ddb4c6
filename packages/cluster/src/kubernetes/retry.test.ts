import { expect, test } from 'vitest';
import { KubernetesError } from './kubernetes-error.ts';
import { MOST_ATTEMPTS, parseRetryAfter, retryDelay } from './retry.ts';

const failure = (status: number, retryAfter?: number): KubernetesError =>
  new KubernetesError('http', 'failed', { status, retryAfter });

test.each([429, 500, 502, 503, 504])(
  'a request that failed with %i is tried again, a bounded number of times',
  (status) => {
    expect(retryDelay(failure(status), 1, 0.5)).toBe(250);
    expect(retryDelay(failure(status), 3, 0.5)).toBe(1_000);
    expect(retryDelay(failure(status), MOST_ATTEMPTS, 0.5)).toBeUndefined();
  },
);

test.each([400, 401, 403, 404, 409, 410])('a request that failed with %i is not tried again', (status) => {
  expect(retryDelay(failure(status), 1, 0.5)).toBeUndefined();
});

test('Retry-After is honoured, in seconds and as a date', () => {
  expect(retryDelay(failure(429, 3_000), 1, 0)).toBe(3_000);
  expect(parseRetryAfter('3', 0)).toBe(3_000);
  expect(parseRetryAfter('Thu, 26 Nov 2026 12:00:05 GMT', Date.parse('2026-11-26T12:00:00Z'))).toBe(5_000);
  expect(parseRetryAfter('soon', 0)).toBeUndefined();
});
