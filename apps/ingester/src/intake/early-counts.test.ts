import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@nightcrier/core/logger';
import type { CountBatch } from '@nightcrier/state/admission/intake-counters';
import { expect, onTestFinished, test } from 'vitest';
import { EarlyCounts } from './early-counts.ts';
import { CountsStore } from '../spool/counts-store.ts';

interface Redis {
  unreachable?: boolean;
  hangs?: boolean;
  written: CountBatch[];
}

async function countsBefore(redis: Redis, directory?: string) {
  const root = directory ?? (await mkdtemp(path.join(tmpdir(), 'nightcrier-counts-')));
  const write = async (batch: CountBatch): Promise<void> => {
    if (redis.hangs) await new Promise(() => undefined);
    if (redis.unreachable) throw new Error('Redis is unreachable');
    redis.written.push(batch);
  };
  const errors: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
  const counts = new EarlyCounts({ write, store: new CountsStore(root, logger), logger, interval: 60_000 });
  counts.start();
  onTestFinished(async () => {
    if (!redis.hangs) await counts.close();
    await rm(root, { recursive: true, force: true });
  });
  return { counts, root, errors };
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

test('resends what could not be written under its number, and what came since under the next', async () => {
  const redis: Redis = { unreachable: true, written: [] };
  const { counts, root } = await countsBefore(redis);
  counts.add('alpha', 'skipped');
  await counts.flush();
  counts.add('alpha', 'skipped');
  await expect.poll(() => files(root)).toHaveLength(1);
  redis.unreachable = false;
  await counts.close();
  expect(redis.written.map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(plain(redis).map(({ by }) => by)).toEqual([1, 1]);
  expect(files(root)).toEqual([]);
});

test.each(['unreachable', 'hangs'] as const)('what is counted outlives the process when Redis: %s', async (trouble) => {
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
  // As if its process had died.
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

test('a damaged file of counts is set aside, logged once, and blocks no other', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'nightcrier-counts-'));
  const left = path.join(root, `left~${randomUUID()}`);
  mkdirSync(left);
  const batch = (): CountBatch => ({ source: randomUUID(), sequence: 1, counts: [{ cluster: 'alpha', by: 1 }] });
  const contents = ['', JSON.stringify([batch()]), '[{"source":', JSON.stringify([batch()])];
  const names = contents.map((_, index) => `counts~${index}${randomUUID().slice(1)}.json`);
  for (const [index, content] of contents.entries()) writeFileSync(path.join(left, names[index] ?? ''), content);

  const redis: Redis = { written: [] };
  const { counts, errors } = await countsBefore(redis, root);
  await counts.flush();
  expect(redis.written).toHaveLength(2);
  const aside = [`damaged~${names[0]}`, `damaged~${names[2]}`];
  expect(errors).toMatchObject(aside.map((name) => ({ file: path.join(root, name) })));
  await counts.close();
  expect(readdirSync(root).toSorted()).toEqual(aside);

  const next = await countsBefore(redis, root);
  expect(next.errors).toEqual([]);
});
