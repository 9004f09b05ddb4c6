import { execa } from 'execa';
import path from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';

const SCRIPT = path.join(import.meta.dirname, 'young-generation.fixture.ts');
const Megabytes = z.record(z.enum(['held', 'loaded', 'shrunk', 'again', 'peak', 'afterPeak', 'last']), z.number());

it('lets the young generation grow with the load within a bound that is higher at a peak, also after V8 shrank it in a quiet time', async () => {
  const { stdout } = await execa(process.execPath, ['--expose-gc', SCRIPT]);
  const { held, loaded, shrunk, again, peak, afterPeak, last } = Megabytes.parse(JSON.parse(stdout));
  expect(held).toBeLessThan(4);
  for (const megabytes of [loaded, again, last]) {
    expect(megabytes).toBeGreaterThanOrEqual(8);
    // Without a bound: 64.
    expect(megabytes).toBeLessThanOrEqual(32);
  }
  expect(peak).toBeGreaterThan(2 * again);
  for (const megabytes of [shrunk, afterPeak]) expect(megabytes).toBeLessThan(8);
});

it('collects the old generation less often at a peak of load', async () => {
  const fixture = path.join(import.meta.dirname, 'old-generation.fixture.ts');
  const [usual = 0, peak = 0] = await Promise.all(
    ['usual', 'peak'].map(async (load) => Number((await execa(process.execPath, [fixture, load])).stdout)),
  );
  expect(peak).toBeGreaterThan(0);
  expect(usual).toBeGreaterThanOrEqual(2 * peak);
});
