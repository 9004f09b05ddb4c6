import { FaultEvent } from '@nightcrier/core/faults/fault';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { Secret } from '@nightcrier/core/settings/secret';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiUnderTest, failure, fault, openReadyApi } from './open-api.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const post = async ({ url }: ApiUnderTest, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}${path}`, { method: 'POST', headers });

const UNKNOWN = '0b0e2f6e-7f5f-4a53-8f2c-6f5f3a1d2c4b';

describe('POST /api/incidents/:id/requeue', () => {
  test('investigates an incident that was shed as a new one', async () => {
    await using api = await openReadyApi(server.url);
    const shed = await api.admission.admit(fault());
    for (let count = 0; count < 2; count += 1) await api.admission.admit(fault('prod', 'critical'));
    // Two more severe ones wait, and the queue holds two.
    const path = `/api/incidents/${shed.incidentId}/requeue`;
    expect(await failure(await post(api, path))).toMatchObject({ status: 409, code: 'queue_full' });
    const { incidents } = await api.incidents.list({ state: 'queued', limit: 1 });
    await api.incidents.finish(incidents[0]!.incident_id, { state: 'resolved' });
    await (await api.queue.getJob(incidents[0]!.incident_id))?.remove();

    const response = await post(api, path);
    expect(response.status).toBe(200);
    const { incident_id, ...rest }: Record<string, unknown> = JSON.parse(await response.text());
    expect(rest).toEqual({ previous_incident_id: shed.incidentId });
    expect(await (await api.get(`/api/incidents/${String(incident_id)}`)).json()).toMatchObject({ state: 'queued' });
    expect(await (await api.get(`/api/incidents/${shed.incidentId}`)).json()).toMatchObject({
      state: 'dropped',
      requeued_as: incident_id,
    });
    expect(await failure(await post(api, path))).toMatchObject({ status: 409, code: 'incident_open' });
  });

  test('warns of the incident that gives way to it, under the cluster of that one', async () => {
    const warned: object[] = [];
    const logger: Logger = { ...silentLogger, warn: (fields, message) => void warned.push({ ...fields, message }) };
    await using api = await openReadyApi(server.url, { logger });
    const { incidentId } = await api.admission.admit(fault());
    await api.incidents.finish(incidentId, { state: 'failed' });
    await (await api.queue.getJob(incidentId))?.remove();
    // Of two that are equally old, either may give way.
    const received_at = new Date(Date.now() - 1_000).toISOString();
    const oldest = await api.admission.admit({ ...fault('staging'), received_at });
    await api.admission.admit(fault('staging'));
    expect((await post(api, `/api/incidents/${incidentId}/requeue`)).status).toBe(200);
    expect(warned).toContainEqual({
      cluster: 'staging',
      reason: 'dropped',
      shed: 1,
      incidents: [oldest.incidentId],
      message: 'incidents were shed',
    });
  });

  test('refuses one that is open, and one that is not there', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    expect(await failure(await post(api, `/api/incidents/${incidentId}/requeue`))).toEqual({
      status: 409,
      code: 'incident_open',
      message: `incident ${incidentId} is queued; only one that has ended can be requeued`,
    });
    expect(await failure(await post(api, `/api/incidents/${UNKNOWN}/requeue`))).toMatchObject({ status: 404 });
  });

  test('asks for the access key, and refuses the pages of other sites', async () => {
    await using api = await openReadyApi(server.url, { accessKey: new Secret('correct horse') });
    const { incidentId } = await api.admission.admit(fault());
    await api.incidents.finish(incidentId, { state: 'failed' });
    const path = `/api/incidents/${incidentId}/requeue`;
    expect(await failure(await post(api, path))).toMatchObject({ status: 401 });
    const authorization = 'Bearer correct horse';
    expect(await failure(await post(api, path, { authorization, origin: 'http://evil.example' }))).toMatchObject({
      status: 403,
      code: 'origin_not_allowed',
    });
    expect((await post(api, path, { authorization, origin: api.url })).status).toBe(200);
  });
});

describe('POST /api/incidents/:id/members/:member/split', () => {
  test('makes an incident of a member, and names one that is not there', async () => {
    await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
    const [first, second] = [fault(), fault()];
    const { incidentId } = await api.admission.admit(first);
    await api.admission.admit(second);
    const split = (member: string): Promise<Response> =>
      post(api, `/api/incidents/${incidentId}/members/${member}/split`);
    const { incident_id }: Record<string, unknown> = JSON.parse(await (await split(second.event.faultId)).text());
    expect(await (await api.get(`/api/incidents/${String(incident_id)}`)).json()).toMatchObject({
      fingerprint: second.event.faultId,
      previous_incident_id: incidentId,
    });
    expect(await (await api.get(`/api/incidents/${incidentId}`)).json()).toMatchObject({ member_count: 1 });
    for (const member of [second.event.faultId, first.event.faultId])
      expect(await failure(await split(member))).toMatchObject({ status: 404, code: 'member_not_found' });
  });

  test.each([
    ['plain', 'f'.repeat(256)],
    ['encoded', '/%ü界'.repeat(64)],
  ])('finds a member by the longest id that a fault may have, %s', async (_, faultId) => {
    await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
    const { incidentId } = await api.admission.admit(fault());
    const member = fault();
    await api.admission.admit({ ...member, event: FaultEvent.parse({ ...member.event, faultId }) });
    const response = await post(api, `/api/incidents/${incidentId}/members/${encodeURIComponent(faultId)}/split`);
    expect(response.status).toBe(200);
  });
});

describe('GET /api/books', () => {
  test('is every count of one instant, and says that they balance', async () => {
    await using api = await openReadyApi(server.url);
    for (let count = 0; count < 3; count += 1) await api.admission.admit(fault());
    const counts = [{ cluster: 'staging', outcome: 'filtered', by: 2 } as const];
    await api.intake.countOnce({ source: 'i', sequence: 1, counts });
    expect(await (await api.get('/api/books')).json()).toMatchObject({
      balanced: true,
      off: [],
      total: { received: 5, queued: 3, filtered: 2, waiting: 2, dropped: 1 },
      clusters: { prod: { received: 3, queued: 3 }, staging: { received: 2, filtered: 2 } },
    });
  });

  test('says what is off', async () => {
    await using api = await openReadyApi(server.url);
    await api.admission.admit(fault());
    const [books] = await api.redis.keys(`*${api.key_prefix}*:intake`);
    await api.redis.hincrby(String(books), 'finished:prod', 1);
    expect(await (await api.get('/api/books')).json()).toMatchObject({
      balanced: false,
      off: [expect.stringMatching(/^prod: queued is 1, but /), expect.stringContaining('finished is 0, and 1')],
    });
  });
});
