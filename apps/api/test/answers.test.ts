import { LIST_AUDIT, LIST_KEYS, ADD_KEY } from '@nightcrier/core/api/access-routes';
import { GET_BOOKS, GET_HEALTH, GET_QUEUE, IS_READY } from '@nightcrier/core/api/health-routes';
import { GET_INCIDENT, LIST_INCIDENTS } from '@nightcrier/core/api/incident-routes';
import { ACKNOWLEDGE_PROBLEM, GET_PROBLEM, LIST_PROBLEMS } from '@nightcrier/core/api/problem-routes';
import type { ApiRoute } from '@nightcrier/core/api/route';
import { ADD_SILENCE, EXPIRE_SILENCE, LIST_SILENCES } from '@nightcrier/core/api/silence-routes';
import { NO_USAGE } from '@nightcrier/core/incidents/agent-usage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

/** Calls a route, and returns what its schema makes of the answer; that must be the whole answer. */
async function answerOf(
  api: ApiUnderTest,
  route: ApiRoute,
  { params = {}, query = '', body }: { params?: Record<string, string>; query?: string; body?: object } = {},
): Promise<unknown> {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const headers = body ? { 'content-type': 'application/json' } : {};
  const init = { method: route.method, headers, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(`${api.url}${path}${query}`, init);
  const schema = z.partialRecord(z.string(), z.custom<z.ZodType>()).parse(route.answers)[response.status];
  const answer: unknown = await response.json();
  if (!schema) throw new Error(`${route.method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  const parsed = schema.parse(answer);
  expect(parsed).toEqual(answer);
  return parsed;
}

async function withEverything(): Promise<{ api: ApiUnderTest; id: string }> {
  const api = await openReadyApi(server.url, {}, { grouping: 'workload', global_queue_size: 100 });
  const { incidentId: id } = await api.admission.admit({ ...fault(), problem: 'shop/cart' });
  await api.incidents.begin(id);
  await api.incidents.addUsage(id, 'codex', { ...NO_USAGE, turns: 3, output_tokens: 34 });
  const report = { title: 'T', summary: 'S', root_cause: 'R', confidence: 90, recommendations: ['do it'] };
  await api.incidents.finish(id, { state: 'reported', report, agent: 'codex' });
  await api.admission.admit({ ...fault('staging'), problem: 'shop/basket' });
  await api.reportHealth({ name: 'prod', status: 'active', event_count: 1, triage_enabled: true, blind_seconds: 0.5 });
  const spool = { state: 'flowing', in_memory: 0, disk_bytes: 0, lost: 0 } as const;
  await api.ingesters.publish({ name: 'ingester-1', spool });
  return { api, id };
}

test('what the routes answer is what their schemas say, and nothing else', async () => {
  const { api, id } = await withEverything();
  await using _ = api;
  const silence = { matchers: 'namespace="shop"', duration: 60, comment: 'a test' };
  await answerOf(api, ADD_KEY, { body: { name: 'ci', role: 'viewer', expires_in: 60 } });
  await answerOf(api, ADD_SILENCE, { body: silence });
  await answerOf(api, ACKNOWLEDGE_PROBLEM, {
    params: { cluster: 'prod', key: 'shop/cart' },
    body: { comment: 'mine' },
  });
  for (const route of [
    IS_READY,
    GET_HEALTH,
    GET_BOOKS,
    GET_QUEUE,
    LIST_INCIDENTS,
    LIST_PROBLEMS,
    LIST_SILENCES,
    LIST_KEYS,
    LIST_AUDIT,
  ])
    expect(JSON.stringify(await answerOf(api, route)).length).toBeGreaterThan(10);
  expect(await answerOf(api, GET_INCIDENT, { params: { id } })).toMatchObject({ incident_id: id, state: 'reported' });
  expect(await answerOf(api, GET_PROBLEM, { params: { cluster: 'prod', key: 'shop/cart' } })).toMatchObject({
    acknowledged: { comment: 'mine' },
  });
  const { silences } = LIST_SILENCES.answers[200].parse(
    await answerOf(api, LIST_SILENCES, { query: '?state=active,pending' }),
  );
  await answerOf(api, EXPIRE_SILENCE, { params: { id: silences[0]?.id ?? '' } });
});

test('lists have pages and filters', async () => {
  const { api } = await withEverything();
  await using _ = api;
  for (const name of ['a', 'b', 'c']) {
    await answerOf(api, ADD_KEY, { body: { name, role: name === 'b' ? 'admin' : 'viewer' } });
    await answerOf(api, ADD_SILENCE, { body: { matchers: `namespace="${name}"`, duration: 60, comment: name } });
  }
  const pages = async (route: ApiRoute, query: string, of: string): Promise<unknown[]> => {
    const found: unknown[] = [];
    let cursor = '';
    do {
      const page = z.record(z.string(), z.unknown()).parse(await answerOf(api, route, { query: `?${query}${cursor}` }));
      found.push(...z.array(z.unknown()).parse(page[of]));
      const next = page.next ?? page.next_cursor;
      cursor = typeof next === 'string' ? `&cursor=${next}` : '';
    } while (cursor !== '');
    return found;
  };
  expect(await pages(LIST_KEYS, 'limit=2', 'keys')).toHaveLength(3);
  expect(await pages(LIST_KEYS, 'limit=2&role=viewer', 'keys')).toHaveLength(2);
  expect(await pages(LIST_SILENCES, 'limit=2', 'silences')).toHaveLength(3);
  expect(await pages(LIST_AUDIT, 'limit=2&action=key_added', 'entries')).toHaveLength(3);
  expect(await pages(LIST_AUDIT, 'limit=2&by=nobody', 'entries')).toEqual([]);
  expect(await pages(LIST_PROBLEMS, 'limit=1', 'problems')).toHaveLength(2);
  expect(await pages(LIST_PROBLEMS, 'limit=1&search=BASKET', 'problems')).toMatchObject([{ key: 'shop/basket' }]);
  expect(await pages(LIST_PROBLEMS, 'limit=1&namespace=sho', 'problems')).toEqual([]);
  expect(await pages(LIST_PROBLEMS, 'limit=1&severity=critical', 'problems')).toEqual([]);
  expect(await pages(LIST_INCIDENTS, 'limit=1', 'incidents')).toHaveLength(2);
});

test.each(['/health/clusters', '/api/problems', '/api/books', '/api/openapi.json'])(
  '%s is not sent again to a client that has it',
  async (path) => {
    await using api = await openReadyApi(server.url);
    const first = await api.get(path);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^(?:W\/)?"/);
    const again = await fetch(`${api.url}${path}`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const other = await fetch(`${api.url}${path}`, { headers: { 'if-none-match': 'W/"other"' } });
    expect([other.status, await other.text()]).toEqual([200, await first.text()]);
  },
);
