import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from './together.ts';

test('gives what both give', async () => {
  expect(await together(Promise.resolve(1), Promise.resolve('two'))).toEqual([1, 'two']);
});

test('fails only when the other has ended too', async () => {
  let ended = false;
  const endLater = async (): Promise<void> => {
    await setImmediate();
    ended = true;
  };
  await expect(together(Promise.reject(new Error('no cluster')), endLater())).rejects.toThrow('no cluster');
  expect(ended).toBe(true);
});
