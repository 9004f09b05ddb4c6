import { describe, expect, test } from 'vitest';
import { TARGETS } from './targets.ts';

/** Cases of each target: `FUZZ_CASES=100000 pnpm fuzz`. A failure prints its seed; FUZZ_SEED replays it. */
const { FUZZ_CASES = '1000', FUZZ_SEED = '20261126' } = process.env;

describe('no input crashes', () => {
  test.each(Object.entries(TARGETS))(
    '%s',
    async (_, run) => {
      await expect(run({ numRuns: Number(FUZZ_CASES), seed: Number(FUZZ_SEED) })).resolves.toBeUndefined();
    },
    3_600_000,
  );
});
