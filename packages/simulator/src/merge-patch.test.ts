import { expect, test } from 'vitest';
import { mergePatch } from './merge-patch.ts';

test('merges objects deeply, replaces lists, and removes what is null', () => {
  const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };
  expect(mergePatch(target, { a: { c: 3 }, list: [3], gone: null })).toEqual({ a: { b: 1, c: 3 }, list: [3] });
  expect(target).toEqual({ a: { b: 1, c: 2 }, list: [1, 2], gone: true });
});

test('keeps null inside lists, which are values', () => {
  expect(mergePatch(undefined, { conditions: [{ lastProbeTime: null }] })).toEqual({
    conditions: [{ lastProbeTime: null }],
  });
});
