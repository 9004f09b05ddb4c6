import { expect, test } from 'vitest';
import { NEEDS_NATIVE, nativeKind } from '../fixtures/redis-server.ts';
import { runChaos } from './chaos-run.ts';
import { redisOf } from './schedule.ts';

/** Of `pnpm chaos`, which takes any seed and length. */
const SEEDS = [1, 3];
const MINUTES = 0.25;
/** How soon a cluster is watched again, or an incident taken over, depends on what else the machine does. */
const TIMED = /is blind after|was taken over/;

test.skipIf(!nativeKind).each(SEEDS.map((seed) => [seed, redisOf(seed)] as const))(
  `no fault is lost or doubled while processes, Redis, disks, servers and connections fail, seed %i, Redis: %s${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`,
  { timeout: 900_000 },
  async (seed) => {
    const happened: string[] = [];
    const result = await runChaos({ seed, minutes: MINUTES, progress: (text) => happened.push(text) });
    const violations = result.violations.filter((violation) => !TIMED.test(violation));
    const replay = `pnpm chaos --seed ${seed} --minutes ${MINUTES}`;
    expect({ violations, replay, happened }).toEqual({ violations: [], replay, happened });
    expect(happened.length).toBeGreaterThan(3);
  },
);
