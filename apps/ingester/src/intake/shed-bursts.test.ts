import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ShedBursts } from './shed-bursts.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function recording(): { bursts: ShedBursts; warned: object[] } {
  const warned: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => warned.push(fields) };
  return { bursts: new ShedBursts(logger), warned };
}

test('warns when a burst begins, then once an interval with the number of shed incidents, until it ends', async () => {
  const { bursts, warned } = recording();
  for (let at = 0; at < 1_000; at += 1) bursts.add('prod', 'dropped', [`i${at}`]);
  expect(warned).toEqual([{ cluster: 'prod', reason: 'dropped', shed: 1, incidents: ['i0'] }]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(warned[1]).toMatchObject({ shed: 999, incidents: { length: 20 } });
  bursts.add('prod', 'dropped', ['i1000']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(warned[2]).toMatchObject({ shed: 1, incidents: ['i1000'] });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(warned).toHaveLength(3);
  expect(vi.getTimerCount()).toBe(0);
  bursts.add('prod', 'dropped', ['later']);
  expect(warned).toHaveLength(4);
});

test('clusters and reasons have their own bursts', () => {
  const { bursts, warned } = recording();
  bursts.add('prod', 'dropped', ['a']);
  bursts.add('prod', 'rejected: global bound', ['b']);
  bursts.add('staging', 'dropped', ['c']);
  expect(warned).toHaveLength(3);
});

test('reports at the end what is not reported yet', async () => {
  const { bursts, warned } = recording();
  bursts.add('prod', 'rejected: global bound', ['a']);
  bursts.add('prod', 'rejected: global bound', ['b']);
  await bursts.close();
  expect(warned[1]).toEqual({ cluster: 'prod', reason: 'rejected: global bound', shed: 1, incidents: ['b'] });
  expect(vi.getTimerCount()).toBe(0);
});
