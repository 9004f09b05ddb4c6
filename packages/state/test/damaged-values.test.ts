import { randomUUID } from 'node:crypto';
import { auditBooks } from '@nightcrier/core/incidents/books';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { HEALTH_STALE_MS } from '../src/health/cluster-health.ts';
import { CorruptIncidentError } from '../src/incidents/incident-row.ts';
import { fault, openTestState, take, type TestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Bytes that are no text. */
const NO_TEXT = Buffer.from([0, 255, 254, 128]);

/** Replaces the value of a key by one of another type. */
async function spoil({ redis }: TestState, key: string): Promise<void> {
  await redis.del(key);
  await redis.set(key, 'no such type');
}

describe('a damaged value', () => {
  test.each([
    ['the books', (state: TestState) => state.keys.intake],
    ['an index', (state: TestState) => state.keys.incidents],
    ['the waiting incidents', (state: TestState) => state.keys.waiting()],
    ['fair tags', (state: TestState) => state.keys.fairTags[0]!],
    ['remembered answers', (state: TestState) => state.keys.countedCalls[1]!],
    ['a problem', (state: TestState) => state.keys.problem('prod', 'a-problem')],
  ])('of another type does not stop admission: %s', async (_, keyOf) => {
    await using state = await openTestState(server.url, { grouping: 'workload' });
    await state.admission.admit(fault({ id: 'before' }));
    await spoil(state, keyOf(state));
    const event = { ...fault({ id: 'after', pod: 'other-7d4b9c-abcde' }), problem: 'a-problem' };
    expect(await state.admission.admit(event)).toMatchObject({ kind: 'queued' });
    expect(await state.admission.admit(fault({ id: 'before' }))).toMatchObject({ kind: 'deduplicated' });
    const { count, latest } = await state.damage.read();
    expect(count).toBeGreaterThan(0);
    expect(latest[0]).toMatchObject({ name: keyOf(state), reason: expect.stringContaining('type') });
    expect(await state.redis.get(latest[0]!.moved_to!)).toBe('no such type');
  });

  test('a row of another type, or with fields that are none, ends without its fields', async () => {
    await using state = await openTestState(server.url);
    const ids = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => (await state.admission.admit(fault({ id }))).incidentId),
    );
    const [typed = '', stateless = '', fields = ''] = ids;
    await spoil(state, state.keys.incident(typed));
    await state.redis.hset(state.keys.incident(stateless), { state: 'no state', phase: 'no phase', place: 'nowhere' });
    await state.redis.hset(state.keys.incident(fields), { place: '', tag: 'x', attempts: 'many', phase: '' });
    await state.redis.hdel(state.keys.incident(fields), 'cluster_name');
    expect(await state.incidents.begin(typed)).toEqual({ kind: 'missing' });
    expect(await state.incidents.begin(stateless)).toEqual({ kind: 'missing' });
    expect(await state.incidents.begin(fields)).toEqual({ kind: 'changed', attempts: 1 });
    expect(await state.incidents.finish(fields, { state: 'failed' })).toMatchObject({ kind: 'changed' });
    expect((await state.damage.read()).count).toBe(3);
  });

  test('a row that cannot be read is moved aside, and the books still balance', async () => {
    await using state = await openTestState(server.url);
    const { incidentId: id } = await state.admission.admit(fault());
    await state.redis.hset(state.keys.incident(id), 'cluster_event', '{"__proto__":');
    await expect(state.incidents.get(id)).rejects.toThrow(CorruptIncidentError);
    expect((await state.incidents.list({ limit: 10 })).corrupt).toEqual([id]);
    await state.incidents.setAside(id, 'for a test');
    expect(await state.incidents.list({ limit: 10 })).toEqual({ incidents: [], corrupt: [] });
    expect(auditBooks(await state.intake.read())).toMatchObject({ balanced: true, total: { finished: 1, waiting: 0 } });
  });

  test('in a row, or an id that is none, is moved aside by the sweep, and what a later version may read stays', async () => {
    await using state = await openTestState(server.url);
    const admit = async (id: string) => (await state.admission.admit(fault({ id }))).incidentId;
    const [binary, typed, later, whole] = [await admit('a'), await admit('b'), await admit('c'), await admit('d')];
    await state.redis.hset(state.keys.incident(binary), 'cluster_event', '\u0000\u00ff');
    await spoil(state, state.keys.incident(typed));
    await state.redis.hset(state.keys.incident(later), 'cluster_event', '{"of":"a later version"}');
    await state.redis.zadd(state.keys.incidents, 1, '../..', 2, '__proto__', 3, NO_TEXT);
    const moved = await state.openSweep().setDamagedAside();
    expect(moved.toSorted()).toEqual(['../..', '__proto__', String(NO_TEXT), binary, typed].toSorted());
    expect(await state.incidents.list({ limit: 10 })).toMatchObject({
      incidents: [{ incident_id: whole }],
      corrupt: [later],
    });
    expect((await state.damage.read()).latest.map(({ name }) => name)).toEqual(
      expect.arrayContaining([state.keys.incident(binary), state.keys.incident(typed)]),
    );
    expect(await state.openSweep().setDamagedAside()).toEqual([]);
  });

  test('in an index, of any score, ends no list before its end', async () => {
    await using state = await openTestState(server.url);
    const ids: string[] = [];
    for (const id of ['a', 'b', 'c']) ids.unshift((await state.admission.admit(fault({ id }))).incidentId);
    const scores = ['+inf', '1e300', '1e20', '1.5', '-7', '-inf'];
    for (const score of scores) await state.redis.zadd(state.keys.incidents, score, randomUUID(), score, '../..');
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await state.incidents.list({ limit: 1, ...(cursor !== undefined && { cursor }) });
      listed.push(...page.incidents.map(({ incident_id }) => incident_id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(listed).toEqual(ids);
    // A page of entries that have no rows, and the next one.
    const many = Array.from({ length: 150 }, () => ['+inf', randomUUID()] as const).flat();
    await state.redis.zadd(state.keys.incidents, ...many);
    expect((await state.incidents.list({ limit: 10 })).incidents).toHaveLength(3);
  });

  test('that should be JSON is moved aside by the sweep, and what a later version may read stays', async () => {
    await using state = await openTestState(server.url);
    const { silences, users, health } = state.keys;
    await state.redis.hset(silences, { one: '{not JSON', two: '{"of":"a later version"}' });
    await state.redis.hset(users, '__proto__', NO_TEXT);
    await state.redis.hset(users, NO_TEXT, NO_TEXT);
    await state.redis.hset(health, 'prod', 'NaN');
    const moved = await state.openSweep().setDamagedAside();
    expect(moved.toSorted()).toEqual(
      [`${silences} one`, `${users} __proto__`, `${users} ${String(NO_TEXT)}`, `${health} prod`].toSorted(),
    );
    expect(await state.redis.exists(users)).toBe(0);
    expect(await state.openSweep().setDamagedAside()).toEqual([]);
    expect(await state.redis.hkeys(silences)).toEqual(['two']);
    expect((await state.damage.read()).count).toBe(4);
  });

  test('of another type is moved aside after a read that has found it', async () => {
    await using state = await openTestState(server.url);
    await spoil(state, state.keys.silences);
    expect(await state.silences.list()).toEqual([]);
    await expect
      .poll(async () => (await state.damage.read()).latest, { timeout: 60_000 })
      .toMatchObject([{ name: state.keys.silences }]);
  });

  test('a lease that is none is taken by the next ingester', async () => {
    await using state = await openTestState(server.url);
    await state.redis.hset(state.keys.leases, {
      one: '{"owner":7}',
      two: '\u0000\u00ff',
      __proto__: 'x',
      three: 'null',
    });
    const leases = state.openLeases({ id: 'ingester' });
    expect((await leases.beat(new Map())).leases.size).toBe(0);
    const seen = new Map(['one', 'two', '__proto__', 'three'].map((name) => [name, 0]));
    const taken = await leases.take(seen);
    expect([...taken.keys()]).toEqual([...seen.keys()]);
    expect((await leases.beat(taken)).leases.size).toBe(4);
    expect((await state.damage.read()).count).toBe(3);
  });

  test('a job that no worker can take is removed, its incident fails, and other jobs go on', async () => {
    await using state = await openTestState(server.url);
    const bad = (await state.admission.admit(fault({ id: 'bad', severity: 'critical' }))).incidentId;
    const good = (await state.admission.admit(fault({ id: 'good' }))).incidentId;
    await state.redis.hset(state.queue.toKey(bad), 'data', '{not JSON');
    // BullMQ moves it to the active ones, and fails to read it.
    await take(state).catch(() => undefined);
    const sweep = state.openSweep();
    expect(await sweep.repair()).toEqual([bad]);
    expect((await state.incidents.get(bad))?.state).toBe('failed');
    expect(await take(state)).toBe(good);
    expect(auditBooks(await state.intake.read()).off).toEqual([]);
    await spoil(state, state.queue.toKey(good));
    await state.redis.lpush(state.queue.toKey('active'), '../../etc');
    expect((await sweep.repair()).toSorted()).toEqual(['../../etc', good].toSorted());
    expect(await state.redis.llen(state.queue.toKey('active'))).toBe(0);
  });

  test('counters that are missing beside rows, or no numbers, do not balance', async () => {
    await using state = await openTestState(server.url);
    await state.admission.admit(fault());
    expect(auditBooks(await state.intake.read()).off).toEqual([]);
    await state.redis.hset(state.keys.intake, 'queued', 'many');
    expect(auditBooks(await state.intake.read()).off).toContain('queued is no number in Redis');
    await state.redis.del(state.keys.intake);
    expect(auditBooks(await state.intake.read()).off).toEqual([
      'all clusters: waiting, delayed and active are 0, and 1 incidents are open',
      'all clusters: received is 0, and 1 incidents have rows',
    ]);
  });

  test('any values in place of what Nightcrier keeps stop neither reading nor the work on other incidents', async () => {
    const FUZZ_CASES = Math.max(1, Math.round(Number(process.env.FUZZ_CASES ?? 1_000) / 25));
    const junk = fc.oneof(
      fc.constantFrom(
        '',
        '{}',
        '[]',
        'null',
        '{"__proto__":{"state":"x"}}',
        '../..',
        '-1',
        'NaN',
        '1e999',
        '\u0000\u00ff',
      ),
      fc.string(),
      fc.json(),
    );
    const damage = fc.record({
      // Which of the keys, by position.
      key: fc.nat(),
      kind: fc.constantFrom('type', 'fields', 'field', 'deleted'),
      value: junk,
      field: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 6 }), async (damages) => {
        await using state = await openTestState(server.url, { cluster_queue_size: 100, grouping: 'workload' });
        await populate(state);
        const all = (await state.redis.keys(`${state.keys.ours}*`))
          .filter((key) => !key.includes(':triage:'))
          .toSorted();
        for (const { key, kind, value, field } of damages)
          await damageKey(state, all[key % all.length]!, kind, value, field);
        expect(await exercise(state)).toBe('reported');
      }),
      { numRuns: FUZZ_CASES },
    );
  });
});

/** Writes one value of each kind. */
async function populate(state: TestState): Promise<void> {
  const { incidentId } = await state.admission.admit({ ...fault({ id: 'a' }), problem: 'a-problem' });
  await state.admission.admit(fault({ id: 'b' }));
  await state.incidents.begin(incidentId);
  await state.breaker.record(incidentId, {
    kind: 'failed',
    reason: 'r',
    threshold: 1,
    probeIntervalSeconds: 1,
  });
  const leases = state.openLeases({ id: 'one' });
  const taken = await leases.take(new Map([['prod', 0]]));
  await state.lastContacts.write(leases, [
    { cluster: 'prod', token: taken.get('prod')!, contact: { at: 1, blindMs: 0 } },
  ]);
  await state.slackCards.set(incidentId, { channel: 'c', ts: '1' });
  await state.deliveries.record('prod/a-problem', { at: 1, target: 't', event: 'reported', outcome: 'delivered' });
  await state.triage.count('reported', 1);
  await state.intake.countOnce({ source: 's', sequence: 1, counts: [{ cluster: 'prod', outcome: 'lost', by: 1 }] });
}

async function damageKey({ redis }: TestState, key: string, kind: string, value: string, field: number): Promise<void> {
  const type = await redis.type(key);
  if (kind === 'deleted') await redis.del(key);
  else if (kind === 'type' || type === 'string') {
    await redis.del(key);
    if (kind === 'type' && type === 'string') await redis.hset(key, 'f', value);
    else await redis.set(key, value);
  } else if (type === 'hash') {
    const fields = await redis.hkeys(key);
    if (kind === 'field') await redis.hset(key, fields[field % fields.length] ?? 'f', value);
    else await redis.hset(key, Object.fromEntries(fields.map((name) => [name, value])));
  } else if (type === 'zset') await redis.zadd(key, 1, value);
}

/** Every store reads, and a new incident passes from admission to its end. */
async function exercise(state: TestState): Promise<string | undefined> {
  await state.intake.read();
  await state.intake.readMalformed();
  await state.triage.read();
  await state.triage.readUsage();
  await state.triage.readCauses();
  await state.incidents.counts();
  await state.breaker.read();
  await state.outbox.due();
  await state.problems.list('prod');
  await state.deliveries.read('prod/a-problem');
  await state.lastContacts.read('prod');
  await state.lastContacts.known('prod', [{ fingerprint: 'a', since: 0 }]);
  await state.ingesters.refused();
  await state.ingesterHealth.read();
  await state.clusterHealth.read([{ name: 'prod', labels: {}, triage_enabled: true }], Date.now() + HEALTH_STALE_MS);
  const { incidents } = await state.incidents.list({ limit: 100 });
  for (const { incident_id } of incidents) await state.slackCards.get(incident_id);
  const leases = state.openLeases({ id: 'two' });
  const view = await leases.beat(new Map());
  await leases.take(new Map([['prod', view.leases.get('prod')?.token ?? 0]]));
  const sweep = state.openSweep();
  await sweep.repair();
  await sweep.trim();
  await sweep.expire(10_000);
  await sweep.endAbandoned();
  const id = randomUUID();
  const admitted = await state.admission.admit(
    { ...fault({ id: `new-${id}`, cluster: 'other' }), problem: 'a-problem' },
    id,
  );
  expect(['queued', 'deduplicated', 'grouped']).toContain(admitted.kind);
  const fresh = await state.admission.admit(fault({ id: 'fresh', cluster: 'third' }), randomUUID());
  expect(fresh.kind).toBe('queued');
  await state.breaker.enter(fresh.incidentId, 1, 1);
  expect((await state.incidents.begin(fresh.incidentId)).kind).toBe('changed');
  expect(
    (await state.incidents.finish(fresh.incidentId, { state: 'reported', notify: 'incident_resolved' })).kind,
  ).toBe('changed');
  expect((await state.incidents.get(fresh.incidentId))?.state).toBe('reported');
  await state.breaker.record(fresh.incidentId, { kind: 'succeeded' });
  const slots = state.openSlots({ max_agents_per_cluster: 1, lease: 1_000 });
  await slots.refill();
  await state.damage.read();
  return (await state.incidents.get(fresh.incidentId))?.state;
}
