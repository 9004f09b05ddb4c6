import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState, take, type TestState } from './state.fixture.ts';

const Stored = z.union([
  z.object({ hash: z.record(z.string(), z.string()) }),
  z.object({ string: z.string() }),
  z.object({ zset: z.array(z.string()) }),
]);
/** All that the version before the life of problems left in Redis under the key prefix `former`. */
const Former = z.object({
  at: z.number(),
  /** Of incidents, by what became of them. */
  ids: z.object({ resolved: z.string(), running: z.string(), failed: z.string(), cleared: z.string() }),
  keys: z.record(z.string(), Stored),
});

let server: RedisServer;
let former: z.infer<typeof Former>;
beforeAll(async () => {
  server = await startRedisServer();
  const file = path.join(import.meta.dirname, 'fixtures/former-version.json');
  former = Former.parse(JSON.parse(await readFile(file, 'utf8')));
});
afterAll(async () => server.stop());

/** Opens the state that the former version left. */
async function upgraded(): Promise<{ state: TestState; clock: Clock }> {
  const clock = new Clock();
  clock.ms = former.at + 60_000;
  const state = await openTestState(
    server.url,
    { grouping: 'workload' },
    { now: clock.now, key_prefix: 'former', logger: silentLogger },
  );
  await state.redis.flushall();
  for (const [key, stored] of Object.entries(former.keys)) {
    if ('hash' in stored) await state.redis.hset(key, stored.hash);
    else if ('string' in stored) await state.redis.set(key, stored.string);
    else
      for (let at = 0; at < stored.zset.length; at += 2)
        await state.redis.zadd(key, stored.zset[at + 1]!, stored.zset[at]!);
  }
  return { state, clock };
}

const again = (name: string, clock: Clock) => ({
  ...fault({
    id: name,
    severity: 'critical',
    pod: `${name}-7d4b9c-abcde`,
    received_at: new Date(clock.ms).toISOString(),
  }),
  problem: `shop/${name}`,
});

test('incidents of the former version keep their reports and get the states of this one', async () => {
  const { state } = await upgraded();
  await using _ = state;
  const { incidents } = await state.incidents.list({ limit: 10 });
  expect(incidents.map(({ state: name }) => name).toSorted()).toEqual([
    'failed',
    'investigating',
    'queued',
    'reported',
    'reported',
  ]);
  expect(await state.incidents.get(former.ids.resolved)).toMatchObject({
    state: 'reported',
    report: { title: 'Database refuses', recommendations: ['scale it'] },
  });
  expect(await state.incidents.counts()).toMatchObject({ reported: 2, failed: 1, queued: 1, investigating: 1 });
  await balancedBooks(state);
  expect(await take(state)).toMatch(/^[\da-f-]{36}$/);
});

test('problems of the former version are listed, are not investigated anew, and recover', async () => {
  const { state, clock } = await upgraded();
  await using _ = state;
  const { problems } = state;
  await state.redis.hset(state.keys.lastContacts, 'prod', '{}');
  await problems.indexFormer();
  const { problems: listed } = await problems.page({ limit: 10 });
  expect(listed.map(({ key, state: name }) => `${name} ${key}`).toSorted()).toEqual([
    'firing shop/failed',
    'firing shop/queued',
    'firing shop/resolved',
    'firing shop/running',
    'recovered shop/cleared',
  ]);
  for (const name of ['resolved', 'failed', 'queued', 'running', 'cleared'])
    expect(await state.admission.admit(again(name, clock))).toMatchObject({ kind: 'deduplicated' });
  expect((await state.incidents.list({ limit: 10 })).incidents).toHaveLength(5);

  const leases = state.openLeases({ id: 'two', now: clock.now });
  const [token = 0] = (await leases.take(new Map([['prod', 1]]))).values();
  const [symptom] = (await problems.get('prod', 'shop/resolved'))?.symptoms ?? [];
  const cleared: RememberedSymptom = { ...symptom!, state: 'cleared', cleared_at: clock.ms };
  expect(
    await problems.write(leases, [{ cluster: 'prod', token, problem: 'shop/resolved', symptoms: [cleared] }]),
  ).toEqual([true]);
  const due = await state.problemOutbox.due();
  expect(due.map(({ notification: { event, problem } }) => `${event} ${problem.key}`)).toContain(
    'recovered shop/resolved',
  );
  await balancedBooks(state);
});

test('notifications that the former version left in its outbox are due, and degraded agents are a problem', async () => {
  const { state } = await upgraded();
  await using _ = state;
  const due = await state.outbox.due();
  expect(due.map(({ notification: { event } }) => event).toSorted()).toEqual([
    'agents_degraded',
    'incident_failed',
    'incident_resolved',
  ]);
  await state.redis.zadd(state.keys.workers, '+inf', 'w');
  await state.redis.zadd(state.keys.ingesters, '+inf', 'i');
  const settings = { clusters: [], blind_after: 300, maintenance_windows: [] };
  expect(await state.openSelfWatch({ settings: () => settings, logger: silentLogger }).check()).toMatchObject([
    { key: 'component:agents', message: expect.stringContaining('the key was refused') },
  ]);
});
