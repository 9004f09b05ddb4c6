import { expect, test } from 'vitest';
import { NEEDS_NATIVE, nativeKind } from '../fixtures/redis-server.ts';
import { runChaos } from './chaos-run.ts';

/** Of `pnpm chaos`, which takes any seed and length. */
const SEEDS = [1, 5];

test.skipIf(!nativeKind).each(SEEDS)(
  `no fault is lost or doubled while processes, Redis, servers and connections fail, seed %i${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`,
  { timeout: 400_000 },
  async (seed) => {
    const happened: string[] = [];
    const { violations, ...result } = await runChaos({ seed, minutes: 0.4, progress: (text) => happened.push(text) });
    const replay = `pnpm chaos --seed ${seed} --minutes 0.4`;
    expect({ violations, replay, happened }).toEqual({ violations: [], replay, happened });
    expect(result.accounted).toBeGreaterThan(50);
    expect(result.checks).toBeGreaterThan(3);
  },
);
