import { Settings } from '@nightcrier/core/settings/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const CONFIG = { ...Settings.parse({ redis: { url: 'redis://user:hunter2-hunter2@redis:6379' } }), clusters: [] };

async function withProblems(count: number): Promise<ApiUnderTest> {
  const api = await openReadyApi(server.url, { config: CONFIG }, { grouping: 'workload', global_queue_size: 100 });
  for (let at = 0; at < count; at += 1) await api.admission.admit({ ...fault(), problem: `shop/cart-${at}` });
  return api;
}

async function text(api: ApiUnderTest, path: string): Promise<string> {
  const response = await api.get(path);
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return response.text();
}

async function send(api: ApiUnderTest, path: string, form: Record<string, string> | [string, string][], headers = {}) {
  return fetch(`${api.url}${path}`, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' });
}

test('every page has the strict policy, and no inline script, style or foreign asset', async () => {
  await using api = await withProblems(1);
  const paths = [
    '/',
    '/problems',
    '/problems/prod/shop%2Fcart-0',
    '/clusters',
    '/queue',
    '/silences',
    '/routes',
    '/settings',
  ];
  for (const path of paths) {
    const response = await api.get(path);
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const page = await response.text();
    expect(page).not.toMatch(/ style=| on[a-z]+=|<style|<script(?! src="\/assets\/)|(?:src|href)="(?:https?:)?\/\//);
    expect(page).toContain('<main id="main"');
  }
});

test('assets are cached for good, under names of their content', async () => {
  await using api = await withProblems(0);
  const assets = (await text(api, '/')).match(/\/assets\/[\w.-]+/g) ?? [];
  expect(assets.length).toBeGreaterThan(3);
  for (const asset of assets) {
    const response = await api.get(asset);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset).toMatch(/\.[0-9a-f]{12}\./);
    await response.arrayBuffer();
  }
});

describe('the list of problems', () => {
  const rows = (page: string): string[] =>
    [...page.matchAll(/href="\/problems\/prod\/shop%2F([^"]+)"/g)].map(([, key = '']) => key);

  test('is read page by page', async () => {
    await using api = await withProblems(60);
    const first = await text(api, '/problems');
    const [, next = ''] = /href="([^"]+)" rel="next"/.exec(first) ?? [];
    const second = await text(api, next.replaceAll('&amp;', '&'));
    expect([rows(first).length, rows(second).length]).toEqual([50, 10]);
    expect(new Set([...rows(first), ...rows(second)]).size).toBe(60);
    expect(second).not.toContain('rel="next"');
  });

  test.each([
    ['state=firing', 3],
    ['state=recovered', 0],
    ['cluster=prod&severity=warning', 3],
    ['severity=critical', 0],
    ['namespace=shop', 3],
    ['namespace=sho', 0],
    ['q=CART-1', 1],
    ['labels=namespace%3D~"sh.*",workload!%3D"cart-2"', 2],
    ['cause=oom_limit', 0],
  ])('with %s has %i', async (query, count) => {
    await using api = await withProblems(3);
    expect(rows(await text(api, `/problems?${query}`))).toHaveLength(count);
  });

  test.each(['labels=a~', 'state=open', 'cause=nothing', 'cursor=x'])('refuses %s with a page', async (query) => {
    await using api = await withProblems(0);
    const response = await api.get(`/problems?${query}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('role="alert"');
  });
});

describe('forms', () => {
  test('acknowledge, silence and investigate a problem, without a script', async () => {
    await using api = await withProblems(1);
    const path = '/problems/prod/shop%2Fcart-0';
    const acknowledged = await send(api, `${path}/acknowledge`, { comment: 'mine' });
    expect([acknowledged.status, acknowledged.headers.get('location')]).toEqual([303, `${path}?done=acknowledged`]);
    expect((await api.state.problems.get('prod', 'shop/cart-0'))?.acknowledged).toMatchObject({ comment: 'mine' });
    expect((await send(api, `${path}/silence`, { duration: '3600', comment: 'why' })).status).toBe(303);
    expect(await api.state.silences.list()).toMatchObject([
      { matchers: 'cluster="prod", namespace="shop", workload="cart-0"', comment: 'why' },
    ]);
    expect((await send(api, `${path}/investigate`, {})).status).toBe(409);
    expect(await text(api, `${path}?done=acknowledged`)).toContain('Acknowledged.');
  });

  test('change several problems, and say how many', async () => {
    await using api = await withProblems(2);
    const form: [string, string][] = [
      ['action', 'acknowledge'],
      ['problem', 'prod|shop/cart-0'],
      ['problem', 'prod|shop/cart-1'],
      ['problem', 'prod|shop/gone'],
      ['back', '?state=firing'],
    ];
    const response = await send(api, '/problems/selected', form);
    expect(response.headers.get('location')).toBe('/problems?state=firing&done=acknowledged%3A2%3A3');
    expect(await text(api, '/problems?done=acknowledged%3A2%3A3')).toContain('2 of 3 problems');
  });

  test('store feedback on a report, and nothing on an incident of another problem', async () => {
    await using api = await withProblems(1);
    const [incident] = (await api.incidents.list({ limit: 1 })).incidents;
    const form = { incident: incident?.incident_id ?? '', verdict: 'useful', comment: 'it was the quota' };
    const path = '/problems/prod/shop%2Fcart-0/feedback';
    expect((await send(api, path, form)).status).toBe(303);
    expect(await api.state.feedback.read(form.incident)).toMatchObject([{ verdict: 'useful', comment: form.comment }]);
    expect((await send(api, path, { ...form, incident: 'other' })).status).toBe(404);
    expect((await send(api, path, { ...form, verdict: 'nice' })).status).toBe(400);
  });

  test.each([{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }])(
    'refuse a page of another site: %j',
    async (headers) => {
      await using api = await withProblems(1);
      const response = await send(api, '/problems/prod/shop%2Fcart-0/acknowledge', {}, headers);
      expect(response.status).toBe(403);
      expect((await api.state.problems.get('prod', 'shop/cart-0'))?.acknowledged).toBeUndefined();
    },
  );

  test('are shown to operators and not to viewers, who cannot send them either', async () => {
    await using api = await withProblems(1);
    const { secret } = await api.state.apiKeys.add({ name: 'reader', role: 'viewer' }, 'test');
    const headers = { authorization: `Bearer ${secret}` };
    const path = '/problems/prod/shop%2Fcart-0';
    expect(await text(api, path)).toContain('/acknowledge"');
    const seen = await (await fetch(`${api.url}${path}`, { headers })).text();
    expect(seen).toContain('shop/cart-0');
    expect(seen).not.toMatch(/action="[^"]*\/(?:acknowledge|silence|investigate|feedback)"/);
    expect((await send(api, `${path}/acknowledge`, {}, headers)).status).toBe(403);
  });
});

test('the timeline of a problem shows every notification: each target, each event, and those that failed', async () => {
  await using api = await withProblems(1);
  const at = Date.now();
  for (const delivery of [
    { at, target: 'slack-1', event: 'firing', outcome: 'delivered' },
    { at, target: 'pager-2', event: 'firing', outcome: 'failed', error: 'answered 403 <b>' },
    { at, target: 'slack-1', event: 'recovered', outcome: 'delivered' },
  ] as const)
    await api.state.deliveries.record('prod/shop/cart-0', delivery);
  const page = await text(api, '/problems/prod/shop%2Fcart-0');
  expect(page).toContain('<strong>slack-1</strong> notified: firing');
  expect(page).toContain('<strong>slack-1</strong> notified: recovered');
  expect(page).toMatch(
    /not delivered<\/span> <strong>pager-2<\/strong>: firing <span class="quiet">answered 403 &lt;b&gt;/,
  );
});

test('settings show values, and no secret', async () => {
  await using api = await withProblems(0);
  const page = await text(api, '/settings');
  expect(page).toContain('reopen_window');
  expect(page).not.toContain('hunter2');
});

test('routes say where a problem would be notified', async () => {
  await using api = await withProblems(0);
  const config = {
    ...CONFIG,
    ...Settings.parse({
      receivers: [{ name: 'sre' }],
      route: { receiver: 'sre', routes: [{ matchers: ['severity="critical"'] }] },
    }),
  };
  api.reloading.apply({ ...config, clusters: [] });
  expect(await text(api, '/routes?severity=critical')).toContain('route.routes[0]');
});

test('jobs in Bull Board are titled with cluster, resource and cause, and the queues of notifications are shown', async () => {
  await using api = await withProblems(1);
  const board = async (queue: string) =>
    text(api, `/queues/api/queues?activeQueue=${queue}&status=latest&page=1&jobsPerPage=10`);
  await api.state.receiverHealth.register('slack-1', { receiver: 'sre', kind: 'slack-bot' });
  expect(await board('triage')).toContain('"name":"prod: Pod shop/cart-7d4b9c-abcde, CrashLoop"');

  const [incident] = (await api.incidents.list({ limit: 1 })).incidents;
  const hypothesis = {
    cause: 'oom_limit',
    culprit: { kind: 'Pod', name: 'cart' },
    confidence: 90,
    title: 't',
  } as const;
  const report = { title: 't', summary: 's', root_cause: 'r', confidence: 90, recommendations: [] };
  await api.incidents.begin(incident?.incident_id ?? '');
  await api.incidents.finish(incident?.incident_id ?? '', {
    state: 'reported',
    report: { ...report, diagnosis: { version: 1, determined: true, hypotheses: [hypothesis] } },
  });
  expect(await board('triage')).toContain('"name":"prod: Pod shop/cart-7d4b9c-abcde, oom_limit"');
  expect(await board('notifications-slack-1')).toContain(
    '"description":"Notifications of the receiver sre (slack-bot)"',
  );
});
