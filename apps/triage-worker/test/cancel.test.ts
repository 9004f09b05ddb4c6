import { readFile, writeFile } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { orCancelled } from '../src/queue/cancel-watch.ts';
import { backend, harness } from './file-harness.ts';
import { GatedApi } from './gated-api.ts';

const ALICE = { by: 'alice', reason: 'known outage' };
const CANCELLED = { state: 'cancelled', reason: 'by alice: known outage' };

/** Waits until an agent runs for the incident; returns the process ids of all that ran so far. */
const agentsOf = async (id: string): Promise<number[]> =>
  vi.waitFor(
    async () => {
      const text = (await readFile(harness.workspace(id, 'agent-pids'), 'utf8')).trim();
      // The shell creates the file before it writes the process id.
      if (text === '') throw new Error('no agent runs yet');
      return text.split('\n').map(Number);
    },
    { timeout: 60_000 },
  );
const jobState = async (id: string): Promise<string | undefined> => (await harness.queue.getJob(id))?.getState();

it('stops an agent that hangs within seconds, and gives its slot to the next incident', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({ max_agents_per_cluster: 1, agent_timeout: 300 }, { agent: 'hangs' }));
  const [agent = 0] = await agentsOf(id);
  const next = await harness.admit();
  await expect.poll(() => jobState(next)).toBe('delayed');

  expect(await harness.cancellations.cancel(id, ALICE)).toEqual({ kind: 'requested', state: 'investigating' });
  const incident = await harness.reaches(id, 'cancelled');
  expect(incident).toMatchObject({ ...CANCELLED, attempts: 1, agent: 'claude' });
  expect(incident.report).toBeUndefined();
  expect(() => process.kill(agent, 0)).toThrow('ESRCH');
  await agentsOf(next);
  expect(await harness.slotsHeld()).toBe(1);
  await expect.poll(() => jobState(id)).toBe('completed');
  expect(harness.logger.lines).toContainEqual(
    expect.objectContaining({
      level: 'info',
      message: 'incident cancelled',
      fields: expect.objectContaining({ incident_id: id, ...CANCELLED }),
    }),
  );
  expect(await harness.counters.read()).toContainEqual(expect.objectContaining({ outcome: 'cancelled', runs: 1 }));
  expect(await harness.booksOff()).toEqual([]);
});

it('ends the incident of a worker that was killed, without another agent', async () => {
  const id = await harness.admit();
  const config = harness.config({ agent_timeout: 300 }, { agent: 'hangs' });
  const dying = await harness.startWorkerProcess(config);
  await agentsOf(id);
  await dying.kill();
  expect(await harness.cancellations.cancel(id, ALICE)).toMatchObject({ kind: 'requested' });
  await harness.startWorker(config);

  expect(await harness.reaches(id, 'cancelled')).toMatchObject({ ...CANCELLED, attempts: 1 });
  expect(await agentsOf(id)).toHaveLength(1);
  await expect.poll(() => jobState(id)).toBe('completed');
  expect(await harness.booksOff()).toEqual([]);
});

it('ends an incident immediately whose attempt fails before the worker reads the request', async () => {
  await using api = await GatedApi.start(backend.cluster);
  await writeFile(harness.kubeconfig, api.kubeconfig);
  const id = await harness.admit();
  const retryDelay = { initial: 300_000, max: 300_000 };
  await harness.startWorkerProcess(harness.config({}, { agent: 'says-what-is-there' }), { retryDelay });
  await harness.reaches(id, 'investigating');
  expect(await harness.cancellations.cancel(id, ALICE)).toMatchObject({ kind: 'requested' });
  api.disconnect();

  expect(await harness.reaches(id, 'cancelled')).toMatchObject(CANCELLED);
  // The job did not have to wait for its retry.
  await expect.poll(() => jobState(id)).not.toBe('delayed');
  expect(await harness.booksOff()).toEqual([]);
});

it('keeps the result of an agent that finishes at the time of the request', () => {
  const report = { title: 'T', summary: 'S', root_cause: 'R', recommendations: [] };
  const reported = { kind: 'reported', report, markdown: '# T', agent: 'claude', failures: [] } as const;
  expect(orCancelled(reported, ALICE)).toBe(reported);
  expect(orCancelled({ kind: 'retry', reason: 'interrupted' }, ALICE)).toEqual({
    kind: 'cancelled',
    reason: CANCELLED.reason,
  });
  expect(orCancelled({ kind: 'requeue', reason: 'shutdown' }, undefined)).toMatchObject({ kind: 'requeue' });
});
