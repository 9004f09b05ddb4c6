import { expect, test } from 'vitest';
import { effortOf } from './measure.ts';
import { PARSERS } from './parsers.ts';
import { TEXTS } from './texts.ts';

const SMALL = 5_000;
const FACTOR = 8;
/** Linear time would be 8 times as long, quadratic time 64 times. */
const LARGEST_RATIO = 24;
/** CPU time below which a ratio says nothing, ms. */
const NOISE_MS = 25;
const ATTEMPTS = 6;

/**
 * Returns whether the time grows as the text does. Only the CPU time of this thread counts; compilation and garbage collection add to a run, so
 * the shortest one of the long text is compared with the median of the short one.
 */
async function isLinear(parse: (text: string) => unknown, text: (size: number) => string): Promise<boolean> {
  const [long, small] = [text(SMALL * FACTOR), text(SMALL)];
  const short: number[] = [];
  let shortest = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    shortest = Math.min(shortest, (await effortOf(parse, long)).cpu);
    if (shortest < NOISE_MS) return true;
    for (let run = 0; run < 3; run += 1) short.push((await effortOf(parse, small)).cpu);
    const median = short.toSorted((a, b) => a - b)[short.length >> 1] ?? 0;
    if (shortest < median * LARGEST_RATIO) return true;
  }
  return false;
}

/** The texts with names of secrets are for redaction, whose own test has them. */
const OTHER_TEXTS = Object.entries(TEXTS).filter(([name]) => !name.startsWith('secrets: '));

test.each(Object.entries(PARSERS))('the time of %s grows as its text does', async (_, parse) => {
  const slow: string[] = [];
  for (const [name, text] of OTHER_TEXTS) if (!(await isLinear(parse, text))) slow.push(name);
  expect(slow).toEqual([]);
});

test('the check finds a pattern that takes quadratic time', async () => {
  const parse = (text: string): boolean => /a*b/.test(text.slice(0, text.length / 2));
  expect(await isLinear(parse, (size) => 'a'.repeat(size))).toBe(false);
});
