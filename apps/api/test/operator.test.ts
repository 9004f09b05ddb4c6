import { FaultEvent } from '@nightcrier/core/faults/fault';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { Secret } from '@nightcrier/core/settings/secret';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiUnderTest, failure, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const post = async ({ url }: ApiUnderTest, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}${path}`, { method: 'POST', headers });

const UNKNOWN = '0b0e2f6e-7f5f-4a53-8f2c-6f5f3a1d2c4b';

describe('POST /api/incidents/:id/requeue', () => {
  test('queues an incident that was shed as a new one', async () => {
    await using api = await openReadyApi(server.url);
    const shed = await api.admission.admit(fault());
    for (let count = 0; count < 2; count += 1) await api.admission.admit(fault('prod', 'critical'));
    // Two more severe ones wait, and the queue holds two.
    const path = `/api/incidents/${shed.incidentId}/requeue`;
    expect(await failure(await post(api, path))).toMatchObject({ status: 409, code: 'queue_full' });
    const { incidents } = await api.incidents.list({ state: 'queued', limit: 1 });
    await api.incidents.finish(incidents[0]!.incident_id, { state: 'reported' });
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

  test('warns of the incident that is evicted for it, with its cluster', async () => {
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
      message: 'incidents shed',
    });
  });

  test('refuses an open incident and an unknown one', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    expect(await failure(await post(api, `/api/incidents/${incidentId}/requeue`))).toEqual({
      status: 409,
      code: 'incident_open',
      message: `incident ${incidentId} is queued; only one that has ended can be requeued`,
    });
    expect(await failure(await post(api, `/api/incidents/${UNKNOWN}/requeue`))).toMatchObject({ status: 404 });
  });

  test('requires the access key, and refuses pages of other sites', async () => {
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
  test('queues a member as a new incident, and names an unknown member', async () => {
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
  ])('finds a member by the longest fault id, %s', async (_, faultId) => {
    await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
    const { incidentId } = await api.admission.admit(fault());
    const member = fault();
    await api.admission.admit({ ...member, event: FaultEvent.parse({ ...member.event, faultId }) });
    const response = await post(api, `/api/incidents/${incidentId}/members/${encodeURIComponent(faultId)}/split`);
    expect(response.status).toBe(200);
  });
});

describe('POST /api/incidents/:id/cancel', () => {
  const cancel = async ({ url }: ApiUnderTest, id: string, body?: object): Promise<Response> =>
    fetch(`${url}/api/incidents/${id}/cancel`, {
      method: 'POST',
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });

  test('ends an incident that waits, and refuses one that has ended or is not there', async () => {
    const logged: object[] = [];
    const logger: Logger = { ...silentLogger, info: (fields, message) => void logged.push({ ...fields, message }) };
    await using api = await openReadyApi(server.url, { logger });
    const { incidentId } = await api.admission.admit(fault());
    const response = await cancel(api, incidentId, { reason: 'known outage', by: 'alice' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ incident_id: incidentId, state: 'cancelled' });
    expect(await (await api.get(`/api/incidents/${incidentId}`)).json()).toMatchObject({
      state: 'cancelled',
      reason: 'by alice: known outage',
      cancel_reason: 'known outage',
      cancel_requested_by: 'alice',
      cancel_requested_at: expect.stringMatching(/^20.*Z$/),
    });
    expect(await (await api.get('/api/queue')).json()).toMatchObject({ waiting: 0 });
    expect(logged).toContainEqual({
      incident_id: incidentId,
      by: 'alice',
      reason: 'known outage',
      message: 'waiting incident cancelled',
    });
    expect(await failure(await cancel(api, incidentId))).toEqual({
      status: 409,
      code: 'incident_ended',
      message: `incident ${incidentId} has ended before: its state is cancelled`,
    });
    expect(await failure(await cancel(api, UNKNOWN))).toMatchObject({ status: 404, code: 'incident_not_found' });
    expect(await (await api.get('/api/books')).json()).toMatchObject({ balanced: true, total: { finished: 1 } });
    expect(await (await api.get('/metrics')).text()).toMatch(/nightcrier_incidents\{state="cancelled"\} 1\n/);
  });

  test('leaves an incident that runs to its worker, without a body too', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    await api.redis.set(`${api.queue.toKey(incidentId)}:lock`, 'token', 'PX', 60_000);
    await api.incidents.begin(incidentId);
    const response = await cancel(api, incidentId);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ incident_id: incidentId, state: 'investigating' });
    expect(await api.incidents.get(incidentId)).toMatchObject({
      state: 'investigating',
      cancel_requested_at: expect.any(String),
    });
  });

  test('shows no secret that its reason contains', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    await cancel(api, incidentId, { reason: 'password=hunter2', by: 'token=hunter2' });
    const text = await (await api.get(`/api/incidents/${incidentId}`)).text();
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('hunter2');
  });

  test.each([
    ['a longer reason', { reason: 'r'.repeat(501) }, 'reason'],
    ['a longer name', { by: 'b'.repeat(101) }, 'by'],
    ['several lines', { reason: 'one\ntwo' }, 'reason'],
    ['an unknown field', { who: 'alice' }, 'who'],
  ])('refuses %s, and changes nothing', async (_, body, name) => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    expect(await failure(await cancel(api, incidentId, body))).toMatchObject({
      status: 400,
      code: 'bad_request',
      message: expect.stringContaining(name),
    });
    expect(await api.incidents.get(incidentId)).toMatchObject({ state: 'queued' });
  });
});

describe('GET /api/books', () => {
  test('returns the counts of one instant, and that they balance', async () => {
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

  test('names the counts that do not balance', async () => {
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
