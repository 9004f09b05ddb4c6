import { afterAll, beforeAll, describe, expect, it } from 'vitest';

afterAll(() => {
  throw new Error('cannot clean up');
});

describe('a group', () => {
  beforeAll(() => {
    throw new Error(`Command failed: docker build\n${'layer '.repeat(200)}\nno space left on device`);
  });
  it('cannot run', () => expect(1).toBe(1));
});

it('is wrong', () => {
  expect({ a: 1 }).toEqual({ a: 2 });
});
it('is right', () => expect(1).toBe(1));
