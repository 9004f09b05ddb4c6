import { access, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Bench, World } from './bench.ts';

let world: World;
let bench: Bench;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());
beforeEach(async () => {
  bench = await Bench.open(world);
});
afterEach(() => bench.close());

const untilAgentRuns = (id: string): Promise<void> =>
  expect
    .poll(
      () =>
        access(bench.workspace(id, 'agent-pids')).then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);

it('finishes the incident of a worker that was killed', async () => {
  const id = await bench.admit();
  const config = bench.config({}, { agent: 'hangs-once' });
  const dying = await bench.startWorkerProcess(config);
  await untilAgentRuns(id);
  await dying.kill();
  await bench.startWorker(config);

  expect(await bench.reaches(id, 'resolved')).toMatchObject({ attempts: 2 });
  await access(bench.workspace(id, 'attempts/1/output'));
});

it('hands the incident of a worker that is told to stop to another one at once, without counting an attempt', async () => {
  const id = await bench.admit();
  const config = bench.config({}, { agent: 'hangs-once' });
  const stopping = await bench.startWorker(config);
  await untilAgentRuns(id);
  await stopping.stop();
  expect(await bench.incident(id)).toMatchObject({ state: 'queued', attempts: 0, reason: 'the worker shuts down' });
  const agent = Number(await readFile(bench.workspace(id, 'agent-pids'), 'utf8'));
  expect(() => process.kill(agent, 0)).toThrow('ESRCH');

  await bench.startWorker(config);
  expect(await bench.reaches(id, 'resolved')).toMatchObject({ attempts: 1 });
});

it('lets an investigation finish that needs less than its part of shutdown_timeout', async () => {
  const id = await bench.admit();
  const worker = await bench.startWorker(bench.config({ agent_timeout: 1, shutdown_timeout: 20 }, { agent: 'hangs' }));
  await bench.reaches(id, 'investigating');
  await worker.stop();
  expect(await bench.incident(id)).toMatchObject({ state: 'agent_failed', reason: 'claude timed out after 1 s' });
});

it('discards the outcome of a worker whose incident was taken over', async () => {
  const id = await bench.admit();
  await bench.startWorker(bench.config({}, { agent: 'hangs-once' }));
  await untilAgentRuns(id);
  await bench.stealLock(id);

  await expect
    .poll(() => bench.logger.lines.map((line) => line.message), { timeout: 10_000 })
    .toContain('lock on the incident was lost; this outcome is discarded');
  expect(await bench.incident(id)).toMatchObject({ state: 'investigating', attempts: 1 });
});

it('fails an incident that loses its worker again and again', async () => {
  const id = await bench.admit();
  const config = bench.config({}, { agent: 'hangs' });
  for (const attempt of [1, 2, 3]) {
    const dying = await bench.startWorkerProcess(config);
    await expect.poll(async () => (await bench.incident(id)).attempts, { timeout: 20_000 }).toBe(attempt);
    await dying.kill();
  }
  await bench.startWorker(config);
  expect((await bench.reaches(id, 'failed')).reason).toContain('its workers died or hung too often');
});

it('does not investigate again what had ended when its worker died', async () => {
  const id = await bench.admit();
  await bench.incidents.finish(id, { state: 'cancelled', reason: 'by an operator' });
  await bench.startWorker(bench.config());
  await expect.poll(async () => (await bench.queue.getJob(id))?.getState(), { timeout: 10_000 }).toBe('completed');
  expect(await bench.incident(id)).toMatchObject({ state: 'cancelled', reason: 'by an operator', attempts: 0 });
});
