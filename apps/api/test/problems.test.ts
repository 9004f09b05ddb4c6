import { Problem } from '@nightcrier/core/problems/problem';
import { Silence } from '@nightcrier/core/silences/silence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, failure, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const Page = z.object({ problems: Problem.array(), next: z.string().optional() });

async function withProblems(count: number): Promise<ApiUnderTest> {
  const api = await openReadyApi(server.url, {}, { grouping: 'workload', global_queue_size: 100 });
  for (let at = 0; at < count; at += 1) await api.admission.admit({ ...fault(), problem: `shop/cart-${at}` });
  return api;
}

async function call(api: ApiUnderTest, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return fetch(`${api.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

describe('problems', () => {
  test('are listed page by page, each once', async () => {
    await using api = await withProblems(5);
    const keys: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const query = `?limit=2${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page = Page.parse(await (await api.get(`/api/problems${query}`)).json());
      keys.push(...page.problems.map(({ key }) => key));
      cursor = page.next;
    }
    expect(keys.toSorted()).toEqual([0, 1, 2, 3, 4].map((at) => `shop/cart-${at}`));
    expect(Page.parse(await (await api.get('/api/problems?cluster=staging')).json()).problems).toEqual([]);
    expect(Page.parse(await (await api.get('/api/problems?state=recovered')).json()).problems).toEqual([]);
  });

  test.each(['?cursor=x', '?state=open', '?limit=0', '?unknown=1'])('the list refuses %s', async (query) => {
    await using api = await withProblems(0);
    expect(await failure(await api.get(`/api/problems${query}`))).toMatchObject({ status: 400, code: 'bad_request' });
  });

  test('are acknowledged and given back, by their author, and the audit log says so', async () => {
    await using api = await withProblems(1);
    const path = '/api/problems/prod/shop%2Fcart-0';
    const given = { author: 'alice', comment: 'looking at it' };
    const acknowledged = Problem.parse(await (await call(api, 'POST', `${path}/acknowledge`, given)).json());
    expect(acknowledged.acknowledged).toMatchObject({ by: 'alice', comment: 'looking at it' });
    expect(Problem.parse(await (await api.get(path)).json()).acknowledged).toEqual(acknowledged.acknowledged);
    const back = Problem.parse(await (await call(api, 'DELETE', `${path}/acknowledge`)).json());
    expect(back.acknowledged).toBeUndefined();
    const { entries } = await api.state.audit.page({ limit: 10 });
    expect(entries.map(({ by, action, subject }) => [by, action, subject])).toEqual([
      ['anonymous', 'problem_unacknowledged', 'prod/shop/cart-0'],
      ['alice', 'problem_acknowledged', 'prod/shop/cart-0'],
    ]);
  });

  test('are not acknowledged with more than one line', async () => {
    await using api = await withProblems(1);
    const refused = await call(api, 'POST', '/api/problems/prod/shop%2Fcart-0/acknowledge', { comment: 'a\nb' });
    expect(await failure(refused)).toMatchObject({ status: 400, message: expect.stringContaining('comment') });
  });

  test('are investigated again when a person asks', async () => {
    await using api = await withProblems(1);
    const path = '/api/problems/prod/shop%2Fcart-0/investigate';
    expect(await failure(await call(api, 'POST', path))).toMatchObject({ status: 409, code: 'incident_open' });
    const [incident] = (await api.incidents.list({ limit: 1 })).incidents;
    await api.state.openCancellations().cancel(incident?.incident_id ?? '', {});
    const asked = await call(api, 'POST', path);
    expect(asked.status).toBe(200);
    expect(await asked.json()).toEqual({ incident_id: expect.not.stringMatching(incident?.incident_id ?? '') });
  });

  test.each([
    ['GET', ''],
    ['POST', '/acknowledge'],
    ['DELETE', '/acknowledge'],
    ['POST', '/investigate'],
  ])('%s%s of one that does not exist is 404', async (method, action) => {
    await using api = await withProblems(0);
    const answer = await failure(await call(api, method, `/api/problems/prod/shop%2Fnone${action}`));
    expect(answer).toMatchObject({ status: 404, code: 'problem_not_found' });
  });
});

describe('silences', () => {
  const Listed = z.object({ silences: Silence.extend({ state: z.string() }).array() });

  test('are added, listed and expired', async () => {
    await using api = await withProblems(0);
    const wanted = { matchers: '{cluster="prod"}', duration: 60, comment: 'a migration', author: 'alice' };
    const added = await call(api, 'POST', '/api/silences', wanted);
    expect(added.status).toBe(201);
    const { silence } = z.object({ silence: Silence }).parse(await added.json());
    expect(silence).toMatchObject({ created_by: 'alice', comment: 'a migration' });
    const states = async () =>
      Listed.parse(await (await api.get('/api/silences')).json()).silences.map(({ id, state }) => [id, state]);
    expect(await states()).toEqual([[silence.id, 'active']]);
    expect((await call(api, 'DELETE', `/api/silences/${silence.id}`)).status).toBe(200);
    expect(await states()).toEqual([[silence.id, 'expired']]);
    expect(await failure(await call(api, 'DELETE', `/api/silences/${silence.id}`))).toMatchObject({
      code: 'silence_not_found',
    });
  });

  test.each([
    [{ matchers: '', duration: 60, comment: 'x' }, /matchers: must have a matcher/],
    [{ matchers: 'cluster', duration: 60, comment: 'x' }, /matchers: .*operator/],
    [{ matchers: 'cluster=a', comment: 'x' }, /ends_at or duration/],
    [{ matchers: 'cluster=a', ends_at: '2020-01-01T00:00:00Z', comment: 'x' }, /ends_at must be later/],
    ['text', /body/],
  ])('%j is refused', async (body, message) => {
    await using api = await withProblems(0);
    const refused = await failure(await call(api, 'POST', '/api/silences', body));
    expect(refused.status).toBe(400);
    expect(refused.message).toMatch(message);
  });
});
