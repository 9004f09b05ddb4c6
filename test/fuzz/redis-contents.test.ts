import { isWrongType } from '@nightcrier/state/damage/if-readable';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestState, type TestState } from '../../packages/state/test/state.fixture.ts';
import { type RedisServer, startRedisServer } from '../fixtures/redis-server.ts';
import { readersOf, writeEverything } from './redis-contents.ts';

/** Damaged values: `FUZZ_CASES=100000 pnpm fuzz`. A failure prints its seed; FUZZ_SEED replays it. */
const { FUZZ_CASES = '1000', FUZZ_SEED = '20261126' } = process.env;

/** Values that are damaged at the same time. */
const AT_ONCE = 2;

const JUNK = ['', '{}', '[]', 'null', '{"__proto__":{"state":"x"}}', '../..', '-1', 'NaN', '1e999', '\u0000\u00ff'];
const junk = fc.oneof(fc.constantFrom(...JUNK), fc.string({ unit: 'binary', maxLength: 50 }), fc.json());

const damage = fc.record({
  /** Which of the keys, and of its fields, by position. */
  key: fc.nat(),
  field: fc.nat(),
  how: fc.constantFrom('value', 'entry', 'string', 'hash', 'list', 'set', 'sorted set', 'stream', 'deleted'),
  value: junk,
});
type Damage = typeof damage extends fc.Arbitrary<infer Value> ? Value : never;

let server: RedisServer;
let state: TestState;
beforeAll(async () => {
  server = await startRedisServer();
  state = await openTestState(server.url, { grouping: 'workload' });
});
afterAll(async () => {
  await state[Symbol.asyncDispose]();
  await server.stop();
});

test('no value in Redis makes a store fail that reads it, or that does not', async () => {
  const readers = await writeEverything(state).then((written) => readersOf(state, written));
  const { redis, keys } = state;
  const all = (await redis.keys(`${keys.ours}*`)).filter((key) => !key.includes(':triage:')).toSorted();
  expect(all.length).toBeGreaterThan(40);
  const copies = new Map<string, Buffer>();
  for (const key of all) copies.set(key, (await redis.dumpBuffer(key)) ?? Buffer.alloc(0));

  const together = fc.array(damage, { minLength: AT_ONCE, maxLength: AT_ONCE });
  const property = fc.asyncProperty(together, async (damages) => {
    const damaged = damages.map((one) => ({ ...one, name: all[one.key % all.length] ?? '' }));
    for (const one of damaged) await damageKey(state, one.name, one);
    const failed: string[] = [];
    await Promise.all(
      Object.entries(readers).map(async ([name, read]) =>
        read().catch((error: unknown) => {
          failed.push(`${name}: ${isWrongType(error) ? 'type' : String(error)}`);
        }),
      ),
    );
    for (const { name } of damaged) await redis.restore(name, 0, copies.get(name) ?? '', 'REPLACE');
    const names = damaged.map(({ name }) => name.slice(keys.ours.length));
    if (failed.length > 0) throw new Error(`${names.join(', ')}: ${failed.join('; ')}`);
  });
  await fc.assert(property, { numRuns: Math.ceil(Number(FUZZ_CASES) / AT_ONCE), seed: Number(FUZZ_SEED) });
}, 3_600_000);

test('a store that writes to a value of another type moves it aside and writes', async () => {
  await using own = await openTestState(server.url, { grouping: 'workload' });
  const { redis, keys } = own;
  await writeEverything(own);
  const names = (await redis.keys(`${keys.ours}*`)).filter((key) => !/:triage:|:damaged/.test(key)).toSorted();
  for (const key of names) await damageKey(own, key, { how: 'list', value: 'x', key: 0, field: 0 });
  await writeEverything(own);
  // The second incident, token and session have keys of their own.
  const written = names.filter((key) => !/[\da-f]{8}-[\da-f]{4}|[\da-f]{40}/.test(key.slice(keys.ours.length)));
  expect(written.length).toBeGreaterThan(30);
  const damaged: string[] = [];
  for (const key of written) if ((await redis.type(key)) === 'list') damaged.push(key.slice(keys.ours.length));
  expect(damaged).toEqual([]);
  expect((await own.damage.read()).count).toBeGreaterThan(30);
}, 60_000);

/** Replaces a key, or one entry of it. */
async function damageKey({ redis }: TestState, key: string, { how, value, field }: Damage): Promise<void> {
  const type = await redis.type(key);
  const changed: string = how === 'value' || how === 'entry' ? type : how;
  if (how !== 'entry') await redis.del(key);
  const names = how === 'entry' && type === 'hash' ? await redis.hkeys(key) : [];
  switch (changed) {
    case 'string':
      await redis.set(key, value);
      return;
    case 'hash':
      await redis.hset(key, names[field % names.length] ?? 'field', value);
      return;
    case 'list':
      await redis.lpush(key, value);
      return;
    case 'set':
      await redis.sadd(key, value);
      return;
    case 'zset':
    case 'sorted set':
      await redis.zadd(key, field, value);
      return;
    case 'stream':
      await redis.xadd(key, '*', value, value);
      return;
    default:
  }
}
