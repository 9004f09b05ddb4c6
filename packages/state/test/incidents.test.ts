import { randomUUID } from 'node:crypto';
import { NO_USAGE } from '@nightcrier/core/incidents/agent-usage';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { rememberSecret } from '@nightcrier/core/settings/known-secrets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { CorruptIncidentError } from '../src/incidents/incident-row.ts';
import type { IncidentStore } from '../src/incidents/incidents.ts';
import { Clock, fault, openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const DAY = 24 * 3600 * 1000;

describe('IncidentStore', () => {
  test('follows an incident from the queue over two attempts to its report', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const { incidents } = state;
    const { incidentId: id } = await state.admission.admit(fault());
    clock.ms += 1_000;
    expect(await incidents.begin(id, { workspace: '/w/1', agent: 'claude' })).toEqual({ kind: 'changed', attempts: 1 });
    expect(await incidents.get(id)).toMatchObject({
      state: 'investigating',
      started_at: '2026-03-01T12:00:01.000Z',
      attempts: 1,
      workspace: '/w/1',
      agent: 'claude',
    });
    expect(await incidents.requeued(id, 'cluster unreachable')).toEqual({ kind: 'changed', attempts: 1 });
    expect(await incidents.get(id)).toMatchObject({ state: 'queued', reason: 'cluster unreachable' });
    expect(await incidents.begin(id)).toEqual({ kind: 'changed', attempts: 2 });
    expect((await incidents.get(id))?.reason).toBeUndefined();
    clock.ms += 1_000;
    const report = {
      title: 'OOM',
      summary: 'Out of memory',
      root_cause: 'limit',
      confidence: 90,
      recommendations: ['more'],
    };
    await incidents.saveReport(id, '# OOM\n');
    expect(await incidents.finish(id, { state: 'reported', report, agent: 'builtin' })).toMatchObject({
      kind: 'changed',
    });
    expect(await incidents.get(id)).toMatchObject({
      state: 'reported',
      finished_at: '2026-03-01T12:00:02.000Z',
      report,
      agent: 'builtin',
      workspace: '/w/1',
    });
    expect(await incidents.report(id)).toBe('# OOM\n');
  });

  test('a secret is hidden in texts, and a path or name that contains the same word stays usable', async () => {
    rememberSecret('word-of-the-path');
    await using state = await openTestState(server.url);
    const { incidents } = state;
    const { incidentId: id } = await state.admission.admit(fault());
    await incidents.begin(id, { workspace: '/srv/word-of-the-path/1', agent: 'word-of-the-path' });
    await incidents.requeued(id, 'refused: word-of-the-path');
    expect(await incidents.get(id)).toMatchObject({
      workspace: '/srv/word-of-the-path/1',
      agent: 'word-of-the-path',
      reason: 'refused: [secret]',
      last_failure: 'refused: [secret]',
    });
    const failure = { kind: 'unusable', agent: 'word-of-the-path', reason: 'key word-of-the-path' } as const;
    await incidents.finish(id, { state: 'failed', reason: 'key word-of-the-path', agent_failures: [failure] });
    expect(await incidents.get(id)).toMatchObject({
      reason: 'key [secret]',
      agent_failures: [{ agent: 'word-of-the-path', reason: 'key [secret]' }],
    });
  });

  test('sums what all runs of agents have used, for the incident and for each agent', async () => {
    await using state = await openTestState(server.url);
    const { incidentId: id } = await state.admission.admit(fault());
    expect((await state.incidents.get(id))?.usage).toBeUndefined();
    const tokens = { input_tokens: 1_000, cached_input_tokens: 800, output_tokens: 34 };
    const run = { ...NO_USAGE, ...tokens, turns: 2, tool_calls: 3, cost_usd: 0.25 };
    await state.incidents.addUsage(id, 'claude', { ...run, cost_source: 'cli' });
    expect(await state.incidents.get(id)).toMatchObject({ usage: { ...run, cost_source: 'cli' } });
    await state.incidents.addUsage(id, 'codex', { ...run, cost_usd: 0.125, cost_source: 'price table' });
    await state.incidents.addUsage(id, 'claude', { ...run, cost_source: 'cli', input_tokens: 1e12 });
    expect((await state.incidents.get(id))?.usage).toMatchObject({
      turns: 6,
      input_tokens: 1e12 + 2_000,
      cost_usd: 0.625,
      cost_source: 'price table',
    });
    await state.incidents.addUsage('gone', 'codex', run);
    expect(await state.incidents.get('gone')).toBeUndefined();
    const used = Object.fromEntries((await state.triage.readUsage()).map(({ agent, usage }) => [agent, usage]));
    expect(used).toMatchObject({
      claude: { turns: 4, cost_usd: 0.5 },
      codex: { turns: 4, cost_usd: 0.375 },
      gemini: NO_USAGE,
      goose: NO_USAGE,
    });
  });

  test('takes back the attempt of an investigation that a shutdown interrupted', async () => {
    await using state = await openTestState(server.url);
    const { incidentId: id } = await state.admission.admit(fault());
    await state.incidents.begin(id);
    expect(await state.incidents.requeued(id, 'shutdown', { attempt_counts: false })).toEqual({
      kind: 'changed',
      attempts: 0,
    });
  });

  test('takes back no attempt of an investigation that was never started', async () => {
    await using state = await openTestState(server.url);
    const { incidentId: id } = await state.admission.admit(fault());
    expect(await state.incidents.requeued(id, 'shutdown', { attempt_counts: false })).toEqual({
      kind: 'changed',
      attempts: 0,
    });
    expect(await state.incidents.get(id)).toMatchObject({ attempts: 0 });
    expect(await state.incidents.begin(id)).toEqual({ kind: 'changed', attempts: 1 });
  });

  test('starts again after its worker died', async () => {
    await using state = await openTestState(server.url);
    const { incidentId: id } = await state.admission.admit(fault());
    await state.incidents.begin(id);
    expect(await state.incidents.begin(id)).toEqual({ kind: 'changed', attempts: 2 });
  });

  test('changes nothing about an incident that has ended or does not exist', async () => {
    await using state = await openTestState(server.url);
    const { incidentId: id } = await state.admission.admit(fault());
    await state.incidents.finish(id, { state: 'skipped', reason: 'triage is disabled' });
    const before = await state.incidents.get(id);
    expect(await state.incidents.begin(id)).toEqual({ kind: 'final', state: 'skipped' });
    expect(await state.incidents.finish(id, { state: 'failed' })).toEqual({ kind: 'final', state: 'skipped' });
    expect(await state.incidents.get(id)).toEqual(before);
    expect(await state.incidents.requeued(randomUUID(), 'why')).toEqual({ kind: 'missing' });
    expect(await state.incidents.get(randomUUID())).toBeUndefined();
    expect(await state.incidents.report(id)).toBeUndefined();
  });

  test('a returned incident counts as waiting, and can be evicted', async () => {
    await using state = await openTestState(server.url, { cluster_queue_size: 1 });
    const { incidentId: id } = await state.admission.admit(fault());
    await state.incidents.begin(id);
    await state.incidents.requeued(id, 'shutdown');
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued', evicted: [{ incidentId: id }] });
    expect(await state.incidents.counts()).toMatchObject({ queued: 1, investigating: 0, dropped: 1 });
  });

  test('lists newest first, by state and by cluster, across pages', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const ids: string[] = [];
    for (let at = 0; at < 250; at += 1) {
      clock.ms += 1;
      ids.unshift((await state.admission.admit(fault({ cluster: at % 50 === 0 ? 'rare' : 'common' }))).incidentId);
    }
    const listed = async (filter: Parameters<IncidentStore['list']>[0]): Promise<string[]> =>
      (await state.incidents.list(filter)).incidents.map(({ incident_id }) => incident_id);
    expect(await listed({ limit: 3 })).toEqual(ids.slice(0, 3));
    expect(await listed({ limit: 1_000 })).toEqual(ids);
    expect(await listed({ cluster: 'rare', limit: 4 })).toEqual([49, 99, 149, 199].map((at) => ids[at]));
    await state.incidents.begin(ids[7]!);
    await state.incidents.begin(ids[99]!);
    expect(await listed({ state: 'investigating', limit: 10 })).toEqual([ids[7], ids[99]]);
    expect(await listed({ state: 'investigating', cluster: 'rare', limit: 10 })).toEqual([ids[99]]);
    expect(await listed({ state: 'reported', limit: 10 })).toEqual([]);
  });

  test('lists the incidents of a cluster by an index, in pages, also those of versions without it', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, { global_queue_size: 6 }, { now: clock.now });
    const { incidents, keys, redis } = state;
    const ids: string[] = [];
    const admit = async (cluster: string, step = 1): Promise<void> => {
      clock.ms += step;
      const { incidentId } = await state.admission.admit(fault({ cluster }));
      if (cluster === 'rare') ids.unshift(incidentId);
    };
    const pages = async (filter: { state?: 'queued' | 'rejected' } = {}): Promise<string[][]> => {
      const found: string[][] = [];
      for (let cursor: string | undefined; ;) {
        const page = await incidents.list({ ...filter, cluster: 'rare', limit: 2, ...(cursor && { cursor }) });
        found.push(page.incidents.map(({ incident_id }) => incident_id));
        if (page.next === undefined) return found;
        cursor = page.next;
      }
    };
    for (let at = 0; at < 3; at += 1) await admit('rare', 0);
    await admit('common');
    // What a version without the index has written.
    await redis.del(keys.incidentsOf('rare'));
    const sorted = (some: string[][]): string[] => some.flat().toSorted();
    expect(sorted(await pages())).toEqual(ids.toSorted());
    await incidents.indexFormer();
    expect(await redis.zcard(keys.incidentsOf('rare'))).toBe(3);
    for (let at = 0; at < 4; at += 1) await admit('rare');
    const all = await pages();
    expect(all.map(({ length }) => length)).toEqual([2, 2, 2, 1]);
    expect(all.flat().slice(0, 4)).toEqual(ids.slice(0, 4));
    expect(sorted(all)).toEqual(ids.toSorted());
    await incidents.begin(ids[2]!);
    expect(sorted(await pages({ state: 'queued' }))).not.toContain(ids[2]);
    await expect(incidents.list({ limit: 1, cursor: 'bm90' })).rejects.toThrow(RangeError);
    await incidents.setAside(ids[0]!, 'damaged');
    expect(await redis.zscore(keys.incidentsOf('rare'), ids[0]!)).toBeNull();
  });

  test('keeps the state reported under the name that older versions read, and counts and lists both names', async () => {
    await using state = await openTestState(server.url);
    const { incidentId } = await state.admission.admit(fault());
    await state.incidents.begin(incidentId);
    await state.incidents.finish(incidentId, { state: 'reported' });
    expect(await state.redis.hget(state.keys.incident(incidentId), 'state')).toBe('resolved');
    expect((await state.incidents.list({ state: 'reported', limit: 1 })).incidents).toMatchObject([
      { incident_id: incidentId, state: 'reported' },
    ]);
    expect(await state.incidents.counts()).toMatchObject({ reported: 1 });
    expect(await state.incidents.finish(incidentId, { state: 'failed' })).toEqual({ kind: 'final', state: 'reported' });
  });

  test('reports a corrupt row and lists the others', async () => {
    const logged: object[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => logged.push(fields) };
    await using state = await openTestState(server.url, {}, { logger });
    const { incidentId: good } = await state.admission.admit(fault());
    const { incidentId: bad } = await state.admission.admit(fault());
    const row = state.keys.incident(bad);
    await state.redis.hset(row, 'cluster_event', '{"cluster_name":');
    const list = await state.incidents.list({ limit: 10 });
    expect(list.incidents.map(({ incident_id }) => incident_id)).toEqual([good]);
    expect(list.corrupt).toEqual([bad]);
    expect(logged).toEqual([expect.objectContaining({ incident_id: bad })]);
    await expect(state.incidents.get(bad)).rejects.toThrow(CorruptIncidentError);
    await state.redis.hset(row, { cluster_event: JSON.stringify(fault()), attempts: 'many' });
    await expect(state.incidents.get(bad)).rejects.toThrow(/attempts/);
  });

  test('keeps the newest 1,000 rejected incidents, and a flood of them displaces no report', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1, queue_overflow_policy: 'reject' });
    const { incidentId: reported } = await state.admission.admit(fault());
    await state.incidents.begin(reported);
    await state.incidents.finish(reported, { state: 'reported' });
    for (let at = 0; at < 11; at += 1)
      await Promise.all(Array.from({ length: 100 }, async () => state.admission.admit(fault())));
    expect(await state.incidents.counts()).toMatchObject({ rejected: 1_000, reported: 1 });
    expect((await state.intake.read()).total.rejected).toBeGreaterThan(1_000);
    expect(await state.redis.keys(state.keys.incident('*'))).toHaveLength(1_001);
  });

  test('keeps more than 1,000 incidents that were investigated', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 10_000 });
    for (let at = 0; at < 11; at += 1)
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const { incidentId } = await state.admission.admit(fault());
          await state.incidents.finish(incidentId, { state: 'failed' });
        }),
      );
    expect(await state.incidents.counts()).toMatchObject({ failed: 1_100 });
  });

  test('deletes ended incidents after 30 days, never open ones', async () => {
    const clock = new Clock();
    await using state = await openTestState(server.url, {}, { now: clock.now });
    const [ended, open, latest] = await Promise.all(
      [1, 2, 3].map(async () => (await state.admission.admit(fault())).incidentId),
    );
    await state.incidents.saveReport(ended!, '# Report');
    await state.incidents.finish(ended!, { state: 'reported' });
    clock.ms += 31 * DAY;
    const { incidentId: recent } = await state.admission.admit(fault());
    await state.incidents.finish(recent, { state: 'reported' });
    expect(await state.incidents.get(ended!)).toBeUndefined();
    expect(await state.incidents.report(ended!)).toBeUndefined();
    const kept = (await state.incidents.list({ limit: 10 })).incidents.map(({ incident_id }) => incident_id);
    expect(kept.toSorted()).toEqual([open!, latest!, recent].toSorted());
  });
});

describe('IntakeCounters', () => {
  test('counts faults that do not reach admission, per cluster and in total, and each batch once', async () => {
    await using state = await openTestState(server.url);
    const counts = [
      { cluster: 'a', outcome: 'filtered', by: 1 },
      { cluster: 'a', outcome: 'malformed', malformed: 'json_rpc', by: 3 },
      { cluster: 'b.example', outcome: 'filtered', by: 1 },
    ] as const;
    for (let time = 0; time < 2; time += 1)
      await state.intake.countOnce({ source: 'ingester', sequence: 1, counts: [...counts] });
    await state.admission.admit(fault({ cluster: 'a' }));
    const { total, clusters } = await state.intake.read();
    expect(total).toEqual({
      received: 6,
      queued: 1,
      resent: 0,
      deduplicated: 0,
      grouped: 0,
      rejected: 0,
      dropped_incoming: 0,
      filtered: 2,
      malformed: 3,
      skipped: 0,
      lost: 0,
      waiting: 1,
      delayed: 0,
      active: 0,
      finished: 0,
      dropped: 0,
      expired: 0,
      requeued: 0,
    });
    expect(clusters['a']).toMatchObject({ filtered: 1, malformed: 3, queued: 1 });
    expect(clusters['b.example']).toMatchObject({ filtered: 1, queued: 0 });
    expect(await state.intake.readMalformed()).toEqual([{ cluster: 'a', reason: 'json_rpc', count: 3 }]);
  });
});
