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
  const both = together(Promise.reject(new Error('no cluster')), slow).catch((error: unknown) => [error, ended]);
  end();
  expect(await both).toEqual([new Error('no cluster'), true]);
});
