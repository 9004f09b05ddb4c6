import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedRedis, startEmbeddedRedis } from '../src/embedded-redis.ts';
import { StateKeys } from '../src/redis/keys.ts';
import { NotificationOutbox } from '../src/notifications/notification-outbox.ts';
import { fault, openState, type State } from './open-state.ts';

let server: EmbeddedRedis;
beforeAll(async () => {
  server = await startEmbeddedRedis({ logger: silentLogger });
});
afterAll(() => server.stop());

const outboxOf = ({ redis, key_prefix }: State): NotificationOutbox =>
  new NotificationOutbox({ redis, key_prefix, logger: silentLogger });

it('an end and what is told of it are one step; a second end tells nothing', async () => {
  await using state = await openState(server.url);
  const { incidentId } = await state.admission.admit(fault());
  await state.incidents.begin(incidentId);
  expect(await outboxOf(state).due()).toEqual([]);
  await state.incidents.finish(incidentId, { state: 'resolved', notify: 'incident_resolved' });
  await state.incidents.finish(incidentId, { state: 'failed', notify: 'incident_failed' });
  expect(await outboxOf(state).due()).toMatchObject([
    { notification: { event: 'incident_resolved', incident_id: incidentId } },
  ]);
});

it('recurrences are told of an incident that has ended, as one', async () => {
  await using state = await openState(server.url);
  const outbox = outboxOf(state);
  const { incidentId } = await state.admission.admit(fault({ id: 'f1' }));
  await state.admission.admit(fault({ id: 'f1' }));
  expect(await outbox.due()).toEqual([]);
  await state.incidents.begin(incidentId);
  await state.incidents.finish(incidentId, { state: 'resolved' });
  for (let times = 0; times < 5; times += 1) await state.admission.admit(fault({ id: 'f1' }));
  expect(await outbox.due()).toMatchObject([
    { notification: { event: 'incident_recurred', incident_id: incidentId, recurrences: 6 } },
  ]);
});

it('what takes the place of a notification while the queues take it stays due', async () => {
  await using state = await openState(server.url);
  const outbox = outboxOf(state);
  const { incidentId } = await state.admission.admit(fault({ id: 'f1' }));
  await state.incidents.begin(incidentId);
  await state.incidents.finish(incidentId, { state: 'resolved' });
  await state.admission.admit(fault({ id: 'f1' }));
  const [first] = await outbox.due();
  await state.admission.admit(fault({ id: 'f1' }));
  await outbox.taken(first!);
  const [second, ...others] = await outbox.due();
  expect([second?.notification, others]).toMatchObject([{ recurrences: 2 }, []]);
  await outbox.taken(second!);
  expect(await outbox.due()).toEqual([]);
});

it('an entry that cannot be read is logged and does not come again', async () => {
  await using state = await openState(server.url);
  const { redis, key_prefix } = state;
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => void errors.push(fields) };
  const outbox = new NotificationOutbox({ redis, key_prefix, logger });
  await redis.hset(new StateKeys(key_prefix).dueNotifications, 'x', '{"event":"no such thing"}');
  expect([await outbox.due(), await outbox.due()]).toEqual([[], []]);
  expect(errors).toMatchObject([{ name: 'x' }]);
});
