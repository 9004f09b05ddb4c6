import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@nightcrier/core/logger';
import type { CountBatch } from '@nightcrier/state/intake-counters';
import { expect, onTestFinished, test } from 'vitest';
import { EarlyCounts } from './early-counts.ts';
import { CountsStore } from './spool/counts-store.ts';

interface Redis {
  away?: boolean;
  hangs?: boolean;
  written: CountBatch[];
}

async function countsBefore(redis: Redis, directory?: string) {
  const root = directory ?? (await mkdtemp(path.join(tmpdir(), 'nightcrier-counts-')));
  const write = async (batch: CountBatch): Promise<void> => {
    if (redis.hangs) await new Promise(() => undefined);
    if (redis.away) throw new Error('Redis is away');
    redis.written.push(batch);
  };
  const counts = new EarlyCounts({ write, store: new CountsStore(root), logger: silentLogger, interval: 60_000 });
  onTestFinished(async () => {
    if (!redis.hangs) await counts.close();
    await rm(root, { recursive: true, force: true });
  });
  return { counts, root };
}

const plain = ({ written }: Redis) => written.flatMap(({ counts }) => counts);
const files = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));

test('sums up by cluster, outcome and reason', async () => {
  const redis: Redis = { written: [] };
  const { counts } = await countsBefore(redis);
  for (let i = 0; i < 3; i += 1) counts.add('alpha', 'filtered');
  counts.add('alpha', { malformed: 'schema' });
  counts.add('alpha', { malformed: 'cluster', harmless: true });
  counts.add('beta', 'filtered');
  await counts.flush();
  expect(plain(redis)).toEqual([
    { cluster: 'alpha', outcome: 'filtered', by: 3 },
    { cluster: 'alpha', outcome: 'malformed', malformed: 'schema', by: 1 },
    { cluster: 'alpha', malformed: 'cluster', by: 1 },
    { cluster: 'beta', outcome: 'filtered', by: 1 },
  ]);
});

test('sends what could not be written again under its number, and what came since under the next', async () => {
  const redis: Redis = { away: true, written: [] };
  const { counts, root } = await countsBefore(redis);
  counts.add('alpha', 'skipped');
  await counts.flush();
  counts.add('alpha', 'skipped');
  await expect.poll(() => files(root)).toHaveLength(1);
  redis.away = false;
  await counts.close();
  expect(redis.written.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(plain(redis).map(({ by }) => by)).toEqual([1, 1]);
  expect(files(root)).toEqual([]);
});

test.each(['away', 'hangs'] as const)('what is counted while Redis %s outlives the process', async (trouble) => {
  const dead: Redis = { [trouble]: true, written: [] };
  const { counts, root } = await countsBefore(dead);
  counts.add('alpha', 'filtered', 4);
  void counts.flush();
  await expect.poll(() => files(root)).toHaveLength(1);
  counts.add('alpha', 'filtered', 2);
  const kept = (): string =>
    files(root)
      .map((file) => readFileSync(path.join(root, file), 'utf8'))
      .join('');
  await expect.poll(kept).toContain('"by":2');
  // As if its process had died: nobody answers to that number.
  const [own = ''] = readdirSync(root);
  renameSync(path.join(root, own), path.join(root, `left~${randomUUID()}`));

  const redis: Redis = { written: [] };
  const next = await countsBefore(redis, root);
  await next.counts.flush();
  expect(plain(redis)).toEqual([
    { cluster: 'alpha', outcome: 'filtered', by: 4 },
    { cluster: 'alpha', outcome: 'filtered', by: 2 },
  ]);
  expect(redis.written.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(files(root)).toEqual([]);
});
