import { randomUUID } from 'node:crypto';
import type { DiagnosisSummary } from '@nightcrier/core/diagnosis/diagnosis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { balancedBooks, Clock, fault, openTestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const NODE_LOST: DiagnosisSummary = {
  version: 1,
  determined: true,
  hypotheses: [
    { cause: 'node_not_ready', culprit: { kind: 'Node', name: 'n1' }, confidence: 95, title: 'Node n1 is gone' },
  ],
};
const APPLICATION: DiagnosisSummary = {
  ...NODE_LOST,
  hypotheses: [{ cause: 'application_error', culprit: { kind: 'Pod', name: 'p0' }, confidence: 95, title: 'p0 fails' }],
};

async function openStorm() {
  const clock = new Clock();
  const state = await openTestState(server.url, { grouping: 'workload', storm_threshold: 3 }, { now: clock.now });
  const storms = state.openStorms(state.admission);
  const leases = state.openLeases({ id: randomUUID(), now: clock.now });
  const [token = 0] = (await leases.take(new Map([['prod', 0]]))).values();
  return {
    clock,
    state,
    storms,
    /** A fault of the only pod of workload `p<number>`. */
    receive: async (
      at: number,
      { node = 'n1', severity = 'warning' }: { node?: string; severity?: 'warning' | 'critical' } = {},
    ) => {
      const namespace = `team-${at}`;
      const event = fault({ id: `f${at}`, severity });
      event.event.resource.namespace = namespace;
      return state.admission.admit({ ...event, problem: `${namespace}/p${at}`, node });
    },
    finish: async (id: string, diagnosis: DiagnosisSummary) => {
      await state.incidents.begin(id);
      const report = { title: 't', summary: 's', root_cause: 'c', recommendations: [], diagnosis };
      await state.incidents.finish(id, { state: 'reported', report, notify: 'incident_resolved' });
      await (await state.queue.getJob(id))?.remove();
    },
    recover: async (problem: string) => {
      const [namespace = '', name = ''] = problem.split('/');
      const symptom = {
        state: 'cleared' as const,
        family: 'probe' as const,
        workload: { namespace, name },
        fault_type: 'ProbeFailure',
        severity: 'warning' as const,
        resource: { apiVersion: 'v1', kind: 'Pod', name, namespace },
        fault_id: 'x',
        since: 0,
        fired_at: 0,
        cleared_at: clock.ms,
      };
      await state.problems.write(leases, [{ cluster: 'prod', token, problem, symptoms: [symptom] }]);
    },
    notified: async () => {
      const due = await state.problemOutbox.due();
      for (const one of due) await state.problemOutbox.taken(one);
      return due.map(({ notification: { event, problem } }) => `${event} ${problem.workload}`);
    },
    [Symbol.asyncDispose]: async () => state[Symbol.asyncDispose](),
  };
}

test('more new problems of a node than storm_threshold are investigated and notified through the first one', async () => {
  await using storm = await openStorm();
  const first = await storm.receive(0);
  const others = [await storm.receive(1), await storm.receive(2)];
  expect([first, ...others].map(({ kind }) => kind)).toEqual(['queued', 'queued', 'queued']);
  for (let at = 3; at < 20; at += 1) {
    expect(await storm.receive(at)).toMatchObject({ kind: 'grouped', incidentId: first.incidentId });
  }
  // Another fault of a member stays with it.
  expect(await storm.receive(5)).toMatchObject({ kind: 'deduplicated', incidentId: first.incidentId });
  expect(await storm.state.problems.get('prod', 'team-7/p7')).toMatchObject({
    state: 'firing',
    member_of: 'team-0/p0',
  });
  await storm.finish(first.incidentId, NODE_LOST);
  expect(await storm.storms.decide()).toBe(0);
  const due = (await storm.state.problemOutbox.due()).at(-1)?.notification;
  expect(due).toMatchObject({ event: 'reported', problem: { key: 'team-0/p0' } });
  expect(due?.problem.members).toHaveLength(17);
  expect(await storm.notified()).toEqual(['firing p0', 'firing p1', 'firing p2', 'recurred p0', 'reported p0']);
  expect(await balancedBooks(storm.state)).toMatchObject({ queued: 3, grouped: 17, deduplicated: 1 });
});

test('members that the report on the first one does not explain are investigated and notified by themselves', async () => {
  await using storm = await openStorm();
  const ids = [];
  for (let at = 0; at < 6; at += 1) ids.push((await storm.receive(at)).incidentId);
  await storm.notified();
  expect(await storm.storms.decide()).toBe(0);
  await storm.finish(ids[0]!, APPLICATION);
  expect(await storm.storms.decide()).toBe(3);
  expect(await storm.storms.decide()).toBe(0);
  expect((await storm.notified()).toSorted()).toEqual(['firing p3', 'firing p4', 'firing p5', 'reported p0']);
  expect((await storm.state.problems.get('prod', 'team-4/p4'))?.member_of).toBeUndefined();
  expect(await storm.state.redis.exists(storm.state.keys.storms)).toBe(0);
  await balancedBooks(storm.state);
});

test('a storm hides no problem that is more severe, and none that shares nothing with it', async () => {
  await using storm = await openStorm();
  for (let at = 0; at < 6; at += 1) await storm.receive(at);
  expect(await storm.receive(10, { severity: 'critical' })).toMatchObject({ kind: 'queued' });
  expect(await storm.receive(11, { node: 'n2' })).toMatchObject({ kind: 'queued' });
});

test('problems that begin one after the other are no storm', async () => {
  await using storm = await openStorm();
  for (let at = 0; at < 8; at += 1) {
    expect(await storm.receive(at)).toMatchObject({ kind: 'queued' });
    storm.clock.ms += 21_000;
  }
});

test('a member that still fires when the first one has recovered is investigated, and one that recovered with it is not', async () => {
  await using storm = await openStorm();
  const { incidentId } = await storm.receive(0);
  for (let at = 1; at < 5; at += 1) await storm.receive(at);
  await storm.finish(incidentId, NODE_LOST);
  await storm.recover('team-0/p0');
  await storm.recover('team-3/p3');
  expect(await storm.storms.decide()).toBe(0);
  storm.clock.ms += 5 * 60_000;
  expect(await storm.storms.decide()).toBe(1);
  expect((await storm.notified()).slice(-1)).toEqual(['firing p4']);
});

test('problems of different namespaces that lack the same dependency are one storm, and others are none', async () => {
  await using storm = await openStorm();
  const pull = async (at: number, registry: string) => {
    const event = fault({ id: `i${at}`, type: 'ImagePull' });
    event.event.resource.namespace = `team-${at}`;
    event.event.context = `Back-off pulling image "${registry}/app-${at}:1"`;
    return storm.state.admission.admit({ ...event, problem: `team-${at}/p${at}`, node: `n${at}` });
  };
  const kinds = [];
  for (let at = 0; at < 5; at += 1) kinds.push((await pull(at, 'one.example.com')).kind);
  expect(kinds).toEqual(['queued', 'queued', 'queued', 'grouped', 'grouped']);
  expect((await pull(5, 'other.example.com')).kind).toBe('queued');
});
