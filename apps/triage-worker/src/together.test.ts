import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from './together.ts';

test('gives what both give', async () => {
  expect(await together(Promise.resolve(1), Promise.resolve('two'))).toEqual([1, 'two']);
});

test('fails only when the other has ended too', async () => {
  let ended = false;
  let end = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    end = resolve;
  }).then(() => {
    ended = true;
  });
  const [both] = await Promise.all([
    Promise.allSettled([together(Promise.reject(new Error('no cluster')), slow)]),
    setImmediate().then(end),
  ]);
  expect([both[0].status, ended]).toEqual(['rejected', true]);
});
