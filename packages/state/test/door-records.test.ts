import { expect, onTestFinished, test } from 'vitest';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { StateKeys } from '../src/redis/keys.ts';
import { openTestState } from './state.fixture.ts';

test('a flood of requests that are allowed drops none that was denied from the record', async () => {
  const server = await startRedisServer();
  onTestFinished(() => server.stop());
  await using state = await openTestState(server.url);
  const run = { incident_id: 'i-1', attempt: 1 };
  const entry = (second: number) => ({
    time: new Date(second * 1000).toISOString(),
    door: 'kube' as const,
    verb: 'DELETE',
    target: `/${second}`,
    status: 403,
    bytes: 0,
    ms: 1,
  });
  await state.doorRecords.add(run, { ...entry(1), decision: 'allowed' });
  await state.doorRecords.add(run, { ...entry(2), decision: 'denied' });
  const flood = Array.from({ length: 10_000 }, () => JSON.stringify({ ...entry(3), decision: 'allowed' }));
  await state.redis.rpush(new StateKeys(state.key_prefix).doorEntries('i-1', 1), ...flood);
  await state.doorRecords.add(run, { ...entry(4), decision: 'denied' });
  await state.doorRecords.add(run, { ...entry(5), decision: 'allowed' });
  const { entries } = await state.doorRecords.read(run);
  expect(entries).toHaveLength(10_000);
  expect(entries.filter(({ decision }) => decision === 'denied').map(({ target }) => target)).toEqual(['/2', '/4']);
  expect(entries[0]).toMatchObject({ target: '/1' });
});
