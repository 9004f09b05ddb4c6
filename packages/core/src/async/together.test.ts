import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { alongside, together } from './together.ts';

test('returns the results of all', async () => {
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

test('runs the rest concurrently, and fails with it only when the work has ended too', async () => {
  const work = Promise.withResolvers<string>();
  let ended = false;
  const both = alongside(work.promise, async () => Promise.reject(new Error('no disk'))).finally(() => (ended = true));
  both.catch(() => undefined);
  await setImmediate();
  expect(ended).toBe(false);
  work.reject(new Error('no cluster'));
  await expect(both).rejects.toThrow('no disk');
});

test('ignores a failure of the work', async () => {
  expect(await alongside(Promise.reject(new Error('no cluster')), async () => Promise.resolve('a report'))).toBe(
    'a report',
  );
});
