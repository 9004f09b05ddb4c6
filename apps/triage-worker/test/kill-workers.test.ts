import { expect, it } from 'vitest';
import { killWorkers } from './kill-workers.ts';

it(
  'loses no incident, runs none twice at once, and frees all slots when workers are killed',
  { timeout: 600_000 },
  async () => {
    const { states, overlaps, most_active, limit, slots_held, active, books_off, incidents } = await killWorkers(8);
    const { reported = 0, failed = 0 } = states;
    expect({ ended: reported + failed, overlaps, slots_held, active, books_off }).toEqual({
      ended: incidents,
      overlaps: 0,
      slots_held: 0,
      active: 0,
      books_off: [],
    });
    expect(most_active).toBeLessThanOrEqual(limit);
  },
);
