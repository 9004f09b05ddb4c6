import { NO_USAGE } from '@nightcrier/core/incidents/agent-usage';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { Settings } from '@nightcrier/core/settings/config';
import { Incident } from '@nightcrier/core/incidents/incident';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const UNKNOWN = '0b0e2f6e-7f5f-4a53-8f2c-6f5f3a1d2c4b';

describe('GET /health/clusters', () => {
  test('is the summary of every configured cluster', async () => {
    await using api = await openReadyApi(server.url);
    await api.reportHealth({
      name: 'prod',
      status: 'active',
      last_event: '2026-03-01T12:00:00Z',
      event_count: 4,
      triage_enabled: true,
      mode: 'subscribe',
    });
    const spool = {
      state: 'memory-only',
      in_memory: 3,
      disk_bytes: 1_400,
      lost: 2,
      error: 'no space left on device',
    } as const;
    await api.ingesters.publish({ name: 'ingester-1', spool });
    await api.ingesters.publish({ name: 'ended', spool }, Date.now() - 16_000);
    const response = await api.get('/health/clusters');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      clusters: [
        {
          name: 'prod',
          status: 'active',
          last_event: '2026-03-01T12:00:00Z',
          event_count: 4,
          triage_enabled: true,
          labels: { tier: 'one' },
          mode: 'subscribe',
          owner: 'ingester-1',
        },
        {
          name: 'staging',
          status: 'disconnected',
          error: 'no ingester holds this cluster',
          event_count: 0,
          triage_enabled: false,
          labels: {},
        },
      ],
      summary: { total: 2, active: 1, unhealthy: 1, degraded: 0, triage_enabled: 1 },
      ingesters: [{ name: 'ingester-1', spool }],
    });
  });

  test('lists live gateways, and what workers know of the isolation of their agents', async () => {
    await using api = await openReadyApi(server.url);
    const { gateways, isolation, redis, keys } = api.state;
    const address = { socket_dir: '/run/x', kube_url: 'https://127.0.0.1:1', llm_url: 'http://127.0.0.1:2', ca: 'x' };
    await gateways.report({ id: 'g1', host: 'one', started: Date.now() - 90_000, ...address });
    await gateways.report({ id: 'g2', host: 'of an earlier version', ...address });
    await redis.hset(keys.gateways, 'g3', JSON.stringify({ id: 'g3', host: 'dead', seen: 0, ...address }), 'g4', '{');
    const findings = ['the network interface eth0'];
    await isolation.publish({
      worker: 'w1',
      state: 'failed',
      findings,
      image: 'agent',
      checked_at: '2026-03-01T12:00:00Z',
    });
    await redis.hset(keys.isolation, 'w2', JSON.stringify({ reported_at: 0 }));
    expect(await (await api.get('/health/clusters')).json()).toMatchObject({
      gateways: [
        { id: 'g1', host: 'one', age_seconds: expect.toSatisfy((age: number) => age >= 90) },
        { id: 'g2', host: 'of an earlier version', last_seen: expect.any(String) },
      ],
      isolation: [{ worker: 'w1', state: 'failed', findings }],
    });
  });

  test('does not call a cluster active whose ingester stopped reporting', async () => {
    await using api = await openReadyApi(server.url);
    const active = { name: 'prod', status: 'active', event_count: 4, triage_enabled: true } as const;
    await api.reportHealth(active, Date.now() - 16_000);
    expect(await (await api.get('/health/clusters')).json()).toMatchObject({
      clusters: [{ status: 'disconnected', event_count: 4 }, {}],
      summary: { active: 0, unhealthy: 2 },
    });
  });
});

describe('a changed configuration', () => {
  const refusal = {
    error: 'nightcrier.yaml: 1 problem',
    problems: ['nightcrier.yaml:3:5: no'],
    since: '2026-03-01T12:00:00Z',
  };
  const clusters = ['prod', 'new'].map((name) => ClusterConfig.parse({ name, mcp: { endpoint: `http://${name}` } }));
  const config = { ...Settings.parse({}), clusters };

  test('shows the configured clusters', async () => {
    await using api = await openReadyApi(server.url);
    api.reloading.apply(config);
    expect(await (await api.get('/health/clusters')).json()).toMatchObject({
      clusters: [{ name: 'prod', labels: {} }, { name: 'new' }],
      summary: { total: 2 },
    });
    expect(await (await api.get('/metrics')).text()).toContain('nightcrier_cluster_up{cluster="new"} 0');
  });

  test('that is refused is shown until it is fixed, and the clusters remain', async () => {
    await using api = await openReadyApi(server.url);
    api.reloading.refuse(refusal);
    expect(await (await api.get('/health/clusters')).json()).toMatchObject({
      clusters: [{ name: 'prod' }, { name: 'staging' }],
      configuration: { process: 'api', ...refusal },
    });
    api.reloading.apply(config);
    expect(await (await api.get('/health/clusters')).json()).not.toHaveProperty('configuration');
  });

  test('that an ingester refuses is shown too', async () => {
    await using api = await openReadyApi(server.url);
    await api.reportRefusal({ process: 'ingester-1', ...refusal });
    expect(await (await api.get('/health/clusters')).json()).toMatchObject({
      configuration: { process: 'ingester-1', ...refusal },
    });
    await api.reportRefusal(undefined);
    expect(await (await api.get('/health/clusters')).json()).not.toHaveProperty('configuration');
  });
});

describe('GET /api/incidents', () => {
  test('lists newest first, by state, cluster and limit', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId: first } = await api.admission.admit(fault('prod'));
    await api.incidents.begin(first);
    const { incidentId: second } = await api.admission.admit(fault('staging'));
    const listed = async (query: string): Promise<string[]> => {
      const body: { incidents: unknown } = JSON.parse(await (await api.get(`/api/incidents${query}`)).text());
      return Incident.array()
        .parse(body.incidents)
        .map(({ incident_id }) => incident_id);
    };
    expect(await listed('')).toEqual([second, first]);
    expect(await listed('?limit=1')).toEqual([second]);
    expect(await listed('?state=investigating')).toEqual([first]);
    expect(await listed('?cluster=staging')).toEqual([second]);
    expect(await listed('?state=queued&cluster=prod')).toEqual([]);
  });

  test.each([
    ['state=lost', 'query parameter state "lost": Invalid option: expected one of "queued"|"investigating"'],
    ['limit=0', 'query parameter limit "0": Too small: expected number to be >=1'],
    ['limit=1000', 'query parameter limit "1000": Too big: expected number to be <=500'],
    ['limit=many', 'query parameter limit "many": Invalid input: expected number'],
    ['cluster=', 'query parameter cluster "": Too small: expected string to have >=1 characters'],
    ['order=asc', 'query parameter "order" is unknown'],
  ])('refuses ?%s and names the value', async (query, message) => {
    await using api = await openReadyApi(server.url);
    expect(await failure(await api.get(`/api/incidents?${query}`))).toEqual({
      status: 400,
      code: 'bad_request',
      message: expect.stringContaining(message),
    });
  });

  test('lists the readable incidents, and names a corrupt one', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId: good } = await api.admission.admit(fault());
    const { incidentId: bad } = await api.admission.admit(fault());
    const [row] = await api.redis.keys(`*incident:${bad}`);
    await api.redis.hset(String(row), 'cluster_event', 'garbage');
    expect(await (await api.get('/api/incidents')).json()).toMatchObject({
      incidents: [{ incident_id: good }],
      corrupt: [bad],
    });
    expect(await failure(await api.get(`/api/incidents/${bad}`))).toMatchObject({
      status: 410,
      code: 'incident_corrupt',
    });
  });
});

describe('GET /api/incidents/:id', () => {
  test('is the incident', async () => {
    await using api = await openReadyApi(server.url);
    const event = fault();
    const { incidentId } = await api.admission.admit(event);
    const response = await api.get(`/api/incidents/${incidentId}`);
    expect(await response.json()).toMatchObject({ incident_id: incidentId, state: 'queued', cluster_event: event });
  });

  test('shows the usage of its agents, as the metrics of each agent do', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const usage = { ...NO_USAGE, turns: 3, tool_calls: 2, denials: 1, input_tokens: 1_200, cached_input_tokens: 800 };
    await api.incidents.addUsage(incidentId, 'codex', { ...usage, output_tokens: 34, unpriced_tokens: 1_234 });
    const incident: unknown = await (await api.get(`/api/incidents/${incidentId}`)).json();
    expect(incident).toMatchObject({ usage: { turns: 3, output_tokens: 34, unpriced_tokens: 1_234 } });
    expect((await (await api.get('/metrics')).text()).split('\n')).toEqual(
      expect.arrayContaining([
        'nightcrier_agent_tokens_total{agent="codex",kind="input"} 400',
        'nightcrier_agent_tokens_total{agent="codex",kind="cached_input"} 800',
        'nightcrier_agent_tokens_total{agent="codex",kind="output"} 34',
        'nightcrier_agent_unpriced_tokens_total{agent="codex"} 1234',
        'nightcrier_agent_tool_calls_total{agent="codex"} 2',
        'nightcrier_agent_denials_total{agent="codex"} 1',
        'nightcrier_agent_cost_usd_total{agent="claude"} 0',
      ]),
    );
  });

  test('is 404 for an unknown incident', async () => {
    await using api = await openReadyApi(server.url);
    expect(await failure(await api.get(`/api/incidents/${UNKNOWN}`))).toEqual({
      status: 404,
      code: 'incident_not_found',
      message: `incident "${UNKNOWN}" does not exist`,
    });
  });
});

test('text of clusters and agents is redacted, in each member too', async () => {
  await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
  const secretive = (pod: string) => {
    const event = fault();
    const resource = { ...event.event.resource, name: `cart-7d4b9c-${pod}` };
    return { ...event, event: { ...event.event, resource, context: `DB_PASSWORD=hunter2-${pod} is wrong` } };
  };
  const { incidentId } = await api.admission.admit(secretive('abcde'));
  await api.admission.admit(secretive('fghij'));
  await api.incidents.begin(incidentId);
  const reason = 'exited: postgres://shop:hunter2-reason@db/orders';
  await api.incidents.finish(incidentId, { state: 'failed', reason });
  for (const path of ['/api/incidents', `/api/incidents/${incidentId}`]) {
    const shown = await (await api.get(path)).text();
    expect(shown).toContain('DB_PASSWORD=[redacted] is wrong');
    expect(shown).toContain('postgres://shop:[redacted]@db/orders');
    expect(shown).not.toContain('hunter2');
  }
});

test('health and metrics show degraded agents', async () => {
  await using api = await openReadyApi(server.url);
  expect(await (await api.get('/health/clusters')).json()).not.toHaveProperty('agents');
  expect(await (await api.get('/metrics')).text()).toContain('nightcrier_agents_degraded 0');
  const { breaker } = api.state;
  await api.state.receiverHealth.failed('slack-bot', { receiver: 'default', kind: 'slack-bot' }, 'unreachable');
  const failed = { kind: 'failed', reason: 'the key was refused', threshold: 2, probeIntervalSeconds: 60 } as const;
  for (const id of ['a', 'b']) await breaker.record(id, failed);
  await breaker.enter('c', 60, 60);
  expect(await (await api.get('/health/clusters')).json()).toMatchObject({
    agents: { state: 'degraded', failures_in_row: 2, reason: 'the key was refused', passed_over: 1 },
    receivers: [{ receiver: 'default', target: 'slack-bot', failures: 1, last_error: 'unreachable' }],
  });
  const metrics = await (await api.get('/metrics')).text();
  expect(metrics).toContain('nightcrier_agents_degraded 1');
  expect(metrics).toContain('nightcrier_agent_failures_in_row 2');
  expect(metrics).toContain('nightcrier_notification_jobs{target="slack-bot",state="failed"} 0');
  expect(metrics).toContain('nightcrier_receiver_failing{receiver="default",target="slack-bot"} 1');
});

describe('GET /api/incidents/:id/report', () => {
  test('is the Markdown as the agent wrote it', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    await api.incidents.saveReport(incidentId, '# Über\n<script>alert(1)</script>\n');
    const response = await api.get(`/api/incidents/${incidentId}/report`);
    expect(response.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('# Über\n<script>alert(1)</script>\n');
  });

  test('is a page without scripts for browsers', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    await api.incidents.saveReport(incidentId, '# Über\n<script>alert(1)</script>\n');
    const url = `${api.url}/api/incidents/${incidentId}/report`;
    const ask = (accept: string): Promise<Response> => fetch(url, { headers: { accept } });
    const response = await ask('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('vary')).toBe('accept');
    const page = await response.text();
    expect(page).toContain('<h1>Über</h1>');
    expect(page).not.toContain('script');
    for (const accept of ['*/*', 'text/markdown', 'text/html;q=0.1,text/markdown', 'nonsense']) {
      expect((await ask(accept)).headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    }
  });

  test('is 404 with another code for an incident without a report than for no incident', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    expect(await failure(await api.get(`/api/incidents/${incidentId}/report`))).toEqual({
      status: 404,
      code: 'report_not_found',
      message: `incident ${incidentId} has no report: its state is queued`,
    });
    expect(await failure(await api.get(`/api/incidents/${UNKNOWN}/report`))).toMatchObject({
      code: 'incident_not_found',
    });
  });
});

describe('GET /api/queue', () => {
  test('counts the jobs', async () => {
    await using api = await openReadyApi(server.url);
    await api.admission.admit(fault());
    expect(await (await api.get('/api/queue')).json()).toEqual({
      waiting: 1,
      delayed: 0,
      active: 0,
      completed: 0,
      failed: 0,
    });
  });
});

describe('GET /metrics', () => {
  test('has every series from the beginning, at 0', async () => {
    await using api = await openReadyApi(server.url);
    const response = await api.get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const lines = (await response.text()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'nightcrier_redis_up 1',
        'nightcrier_queue_jobs{state="waiting"} 0',
        'nightcrier_incidents{state="rejected"} 0',
        'nightcrier_cluster_up{cluster="staging"} 0',
        'nightcrier_fault_outcomes_total{cluster="staging",outcome="malformed"} 0',
        'nightcrier_faults_shed_total{cluster="prod",reason="dropped"} 0',
        'nightcrier_books_balanced 1',
        expect.stringMatching(/^process_cpu_seconds_total /),
      ]),
    );
  });

  test('counts events, with the same values at every scrape', async () => {
    await using api = await openReadyApi(server.url);
    await api.reportHealth({ name: 'prod', status: 'active', event_count: 4, triage_enabled: true });
    for (let count = 0; count < 3; count += 1) await api.admission.admit(fault());
    const counts = [
      { cluster: 'prod', outcome: 'filtered', by: 5 },
      { cluster: 'prod', outcome: 'lost', by: 2 },
    ] as const;
    await api.intake.countOnce({ source: 'i', sequence: 1, counts: [...counts] });
    await api.ingesters.publish({
      name: 'i',
      spool: { state: 'spooling', in_memory: 3, disk_bytes: 1_400, lost: 2 },
    });
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const lines = (await (await api.get('/metrics')).text()).split('\n');
      expect(lines).toEqual(
        expect.arrayContaining([
          'nightcrier_queue_jobs{state="waiting"} 2',
          'nightcrier_incidents{state="queued"} 2',
          'nightcrier_incidents{state="dropped"} 1',
          'nightcrier_cluster_up{cluster="prod"} 1',
          'nightcrier_fault_outcomes_total{cluster="prod",outcome="queued"} 3',
          'nightcrier_fault_outcomes_total{cluster="prod",outcome="filtered"} 5',
          'nightcrier_fault_outcomes_total{cluster="prod",outcome="lost"} 2',
          'nightcrier_spool_memory_faults 3',
          'nightcrier_spool_disk_bytes 1400',
          'nightcrier_spools_without_disk 0',
          'nightcrier_faults_shed_total{cluster="prod",reason="dropped"} 1',
          'nightcrier_faults_received_total{cluster="prod"} 10',
          'nightcrier_open_incidents{cluster="prod",state="waiting"} 2',
          'nightcrier_books_balanced 1',
        ]),
      );
    }
  });

  test('keeps the counts of a cluster that is no longer configured', async () => {
    await using api = await openReadyApi(server.url, { clusters: [] });
    for (let count = 0; count < 3; count += 1) await api.admission.admit(fault('gone'));
    const metrics = await (await api.get('/metrics')).text();
    expect(metrics.split('\n')).toEqual(
      expect.arrayContaining([
        'nightcrier_faults_received_total{cluster="gone"} 3',
        'nightcrier_fault_outcomes_total{cluster="gone",outcome="queued"} 3',
        'nightcrier_open_incidents{cluster="gone",state="waiting"} 2',
        'nightcrier_faults_shed_total{cluster="gone",reason="dropped"} 1',
      ]),
    );
    expect(metrics).not.toContain('nightcrier_cluster_up{cluster="gone"}');
  });
});

describe('/queues', () => {
  test('shows the board and its jobs', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const page = await api.get('/queues/');
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    expect(html).toContain('<base href="/queues/"');
    const [, script = ''] = /<script defer src="([^"]+)"/.exec(html) ?? [];
    expect((await api.get(`/queues/${script}`)).headers.get('content-type')).toContain('javascript');
    expect(await (await api.get('/queues/api/queues?activeQueue=triage&status=prioritized')).json()).toMatchObject({
      queues: [
        {
          name: 'triage',
          readOnlyMode: true,
          counts: { prioritized: 1 },
          jobs: [{ id: incidentId, data: { cluster_name: 'prod', resource: 'Pod shop/cart-7d4b9c-abcde' } }],
        },
      ],
    });
  });

  test('shows the other jobs beside one that is damaged', async () => {
    await using api = await openReadyApi(server.url);
    const [typed, other, whole] = [
      (await api.admission.admit(fault())).incidentId,
      (await api.admission.admit(fault())).incidentId,
      (await api.admission.admit(fault())).incidentId,
    ];
    const jobKey = async (id: string): Promise<string> => String((await api.redis.keys(`*:triage:${id}`))[0]);
    await api.redis.hset(await jobKey(other), 'data', '{not JSON');
    const key = await jobKey(typed);
    await api.redis.del(key);
    for (const name of [key, key.replace(typed, 'repeat'), key.replace(typed, 'failed')])
      await api.redis.set(name, 'x');
    const board = await api.get('/queues/api/queues?activeQueue=triage&status=prioritized');
    expect([board.status, await board.json()]).toMatchObject([200, { queues: [{ jobs: [{ id: whole }] }] }]);
  });

  test('refuses every request that would change the queue', async () => {
    await using api = await openReadyApi(server.url);
    const { incidentId } = await api.admission.admit(fault());
    const base = '/queues/api/queues/triage';
    for (const [method, path] of [
      ['PUT', '/queues/api/queues/pause'],
      ['PUT', `${base}/pause`],
      ['PUT', `${base}/empty`],
      ['PUT', `${base}/obliterate`],
      ['POST', `${base}/add`],
      ['PUT', `${base}/${incidentId}/promote`],
      ['PUT', `${base}/${incidentId}/clean`],
      ['PATCH', `${base}/${incidentId}/update-data`],
    ] as const) {
      const response = await fetch(`${api.url}${path}`, { method });
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect([path, await failure(response)]).toEqual([
        path,
        expect.objectContaining({ status: 405, code: 'read_only' }),
      ]);
    }
    expect(await api.queue.isPaused()).toBe(false);
    expect(await api.queue.getJob(incidentId)).toMatchObject({ id: incidentId });
  });
});

describe('every response', () => {
  test('has the security headers, in failures too, and no CORS header', async () => {
    await using api = await openReadyApi(server.url);
    for (const path of ['/healthz', '/queues/', '/nowhere']) {
      const { headers } = await fetch(`${api.url}${path}`, { headers: { origin: 'http://evil.example' } });
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('is 404 with a code for an unknown route', async () => {
    await using api = await openReadyApi(server.url);
    expect(await failure(await api.get('/nowhere?x=1'))).toEqual({
      status: 404,
      code: 'not_found',
      message: 'no such route: GET /nowhere',
    });
  });
});
