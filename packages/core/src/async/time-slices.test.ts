import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { atOnce, inSlices } from './time-slices.ts';

function* busy(steps: number, msOfStep: number, log: () => void = () => undefined): Generator<void, string> {
  for (let step = 0; step < steps; step += 1) {
    const until = performance.now() + msOfStep;
    while (performance.now() < until);
    log();
    yield;
  }
  return 'done';
}

/** Counts how often the event loop turns while work goes on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  const state = { isOver: false };
  void work.then(() => (state.isOver = true));
  let turns = 0;
  for (; !state.isOver; turns += 1) await setImmediate();
  return turns;
}

test('the event loop turns while long work goes on, and not for a short one', async () => {
  expect(await turnsDuring(inSlices(busy(20, 5)))).toBeGreaterThanOrEqual(8);
  await setImmediate();
  expect(await turnsDuring(inSlices(busy(1, 0)))).toBeLessThan(8);
});

test('many works at once leave turns as well, and each gets its result', async () => {
  const works = Promise.all(Array.from({ length: 20 }, () => inSlices(busy(1, 6))));
  expect(await turnsDuring(works)).toBeGreaterThanOrEqual(8);
  expect(await works).toEqual(Array.from({ length: 20 }, () => 'done'));
});

test('an error of a step is that of the work', async () => {
  await expect(
    inSlices(
      busy(1, 0, () => {
        throw new Error('no');
      }),
    ),
  ).rejects.toThrow('no');
});

test('atOnce runs all steps', () => {
  let count = 0;
  expect(atOnce(busy(5, 0, () => (count += 1)))).toBe('done');
  expect(count).toBe(5);
});
