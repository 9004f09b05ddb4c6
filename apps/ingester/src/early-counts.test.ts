import { expect, onTestFinished, test } from 'vitest';
import { EarlyCounts, type WriteCount } from './early-counts.ts';

function countsBefore(redis: { away: boolean }) {
  const written: [...Parameters<WriteCount>][] = [];
  const counts = new EarlyCounts(async (cluster, counted, by) => {
    if (redis.away) throw new Error('Redis is away');
    written.push([cluster, counted, by]);
  }, 60_000);
  onTestFinished(() => counts.close());
  return { counts, written };
}

test('sums up by cluster and outcome', async () => {
  const { counts, written } = countsBefore({ away: false });
  for (let i = 0; i < 3; i += 1) counts.add('alpha', 'filtered');
  counts.add('alpha', 'malformed');
  counts.add('beta', 'filtered');
  await counts.flush();
  expect(written).toEqual([
    ['alpha', 'filtered', 3],
    ['alpha', 'malformed', 1],
    ['beta', 'filtered', 1],
  ]);
});

test('keeps counts that could not be written, and adds to them', async () => {
  const redis = { away: true };
  const { counts, written } = countsBefore(redis);
  counts.add('alpha', 'skipped');
  await counts.flush();
  counts.add('alpha', 'skipped');
  redis.away = false;
  await counts.close();
  expect(written).toEqual([['alpha', 'skipped', 2]]);
});
