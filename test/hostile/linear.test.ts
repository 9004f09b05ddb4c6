import { expect, test } from 'vitest';
import { effortOf } from './measure.ts';
import { PARSERS } from './parsers.ts';
import { TEXTS } from './texts.ts';

const SMALL = 10_000;
const FACTOR = 4;
/** Quadratic time would be 16 times as long. */
const LARGEST_RATIO = 10;
/** CPU time below which a ratio says nothing, ms. */
const NOISE_MS = 25;
const ATTEMPTS = 6;
/** A short measurement is disturbed more easily: the least of several counts. */
const SHORT_MEASUREMENTS = 3;

/** Returns whether the time grows as the text does; a disturbed measurement is repeated. */
async function isLinear(parse: (text: string) => unknown, text: (size: number) => string): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const long = await effortOf(parse, text(SMALL * FACTOR));
    if (long.cpu < NOISE_MS) return true;
    const small = text(SMALL);
    const short: number[] = [];
    while (short.length < SHORT_MEASUREMENTS) short.push((await effortOf(parse, small)).cpu);
    if (long.cpu < Math.min(...short) * LARGEST_RATIO) return true;
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
