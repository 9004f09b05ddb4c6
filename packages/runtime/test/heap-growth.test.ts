import { execa } from 'execa';
import path from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';

const SCRIPT = path.join(import.meta.dirname, 'young-generation.fixture.ts');
const Megabytes = z.object({ held: z.number(), loaded: z.number(), shrunk: z.number(), again: z.number() });

it('lets the young generation grow with the load within a bound, also after V8 shrank it in a quiet time', async () => {
  const { stdout } = await execa(process.execPath, ['--expose-gc', SCRIPT]);
  const { held, loaded, shrunk, again } = Megabytes.parse(JSON.parse(stdout));
  expect(held).toBeLessThan(4);
  for (const megabytes of [loaded, again]) {
    expect(megabytes).toBeGreaterThanOrEqual(8);
    // Without a bound: 64.
    expect(megabytes).toBeLessThanOrEqual(32);
  }
  expect(shrunk).toBeLessThan(8);
});
