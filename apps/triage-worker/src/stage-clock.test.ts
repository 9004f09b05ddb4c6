import { expect, test } from 'vitest';
import { StageClock } from './stage-clock.ts';

test('measures each stage, failed ones included, and returns its result', async () => {
  const clock = new StageClock();
  expect(await clock.time('claim', Promise.resolve('claimed'))).toBe('claimed');
  await expect(clock.time('evidence', Promise.reject(new Error('no cluster')))).rejects.toThrow('no cluster');
  expect(clock.times()).toEqual({ claim: expect.any(Number), evidence: expect.any(Number), all: expect.any(Number) });
});
