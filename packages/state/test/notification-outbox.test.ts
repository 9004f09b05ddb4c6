import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { fault, openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

it('an end and its notification are one step; a second end notifies nothing', async () => {
  await using state = await openTestState(server.url);
  const { incidentId } = await state.admission.admit(fault());
  await state.incidents.begin(incidentId);
  expect(await state.outbox.due()).toEqual([]);
  await state.incidents.finish(incidentId, { state: 'reported', notify: 'incident_resolved' });
  await state.incidents.finish(incidentId, { state: 'failed', notify: 'incident_failed' });
  expect(await state.outbox.due()).toMatchObject([
    { notification: { event: 'incident_resolved', incident_id: incidentId } },
  ]);
});

it('recurrences of an ended incident are one notification', async () => {
  await using state = await openTestState(server.url);
  const outbox = state.outbox;
  const { incidentId } = await state.admission.admit(fault({ id: 'f1' }));
  await state.admission.admit(fault({ id: 'f1' }));
  expect(await outbox.due()).toEqual([]);
  await state.incidents.begin(incidentId);
  await state.incidents.finish(incidentId, { state: 'reported' });
  for (let times = 0; times < 5; times += 1) await state.admission.admit(fault({ id: 'f1' }));
  expect(await outbox.due()).toMatchObject([
    { notification: { event: 'incident_recurred', incident_id: incidentId, recurrences: 6 } },
  ]);
});

it('a notification that replaces one while the queues accept it stays due', async () => {
  await using state = await openTestState(server.url);
  const outbox = state.outbox;
  const { incidentId } = await state.admission.admit(fault({ id: 'f1' }));
  await state.incidents.begin(incidentId);
  await state.incidents.finish(incidentId, { state: 'reported' });
  await state.admission.admit(fault({ id: 'f1' }));
  const [first] = await outbox.due();
  await state.admission.admit(fault({ id: 'f1' }));
  await outbox.taken(first!);
  const [second, ...others] = await outbox.due();
  expect([second?.notification, others]).toMatchObject([{ recurrences: 2 }, []]);
  await outbox.taken(second!);
  expect(await outbox.due()).toEqual([]);
});

it('an unreadable entry is logged and removed', async () => {
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => void errors.push(fields) };
  await using state = await openTestState(server.url, {}, { logger });
  const { outbox, redis, keys } = state;
  await redis.hset(keys.dueNotifications, 'x', '{"event":"no such thing"}');
  expect([await outbox.due(), await outbox.due()]).toEqual([[], []]);
  expect(errors).toMatchObject([{ name: 'x' }]);
});
