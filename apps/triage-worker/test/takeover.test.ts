import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { whenWritable } from '@nightcrier/state/redis/when-writable';
import { expect, it } from 'vitest';
import { takeSlot } from '../src/queue/cluster-slot.ts';
import type { HeldJob } from '../src/queue/settle.ts';
import { DEFAULT_LOCK } from '../src/queue/triage-worker.ts';
import { identityOf } from '../src/process-identity.ts';
import { beginAttempt } from '../src/prepare/claim.ts';
import { backend, harness } from './file-harness.ts';

/** Process ids of the agents of an incident. Empty until the first runs: the shell creates the file before it writes into it. */
const agentsOf = async (id: string): Promise<number[]> =>
  (await readFile(harness.workspace(id, 'agent-pids'), 'utf8').catch(() => '')).match(/\d+/g)?.map(Number) ?? [];

/** Waits until an agent runs for the incident; returns its process id. */
async function untilAgentRuns(id: string): Promise<number> {
  await expect.poll(() => agentsOf(id), { timeout: 120_000 }).not.toEqual([]);
  const [agent = 0] = await agentsOf(id);
  return agent;
}

const untilLogged = async (message: string): Promise<void> =>
  expect.poll(() => harness.logger.lines.map((line) => line.message), { timeout: 60_000 }).toContain(message);

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('investigates the incident of a worker that was killed', async () => {
  const id = await harness.admit();
  const config = harness.config({}, { agent: 'hangs-once' });
  const dying = await harness.startWorkerProcess(config);
  await untilAgentRuns(id);
  await dying.kill();
  await harness.startWorker(config);

  expect(await harness.reaches(id, 'reported')).toMatchObject({
    attempts: 2,
    last_failure: 'attempt 1: its worker died or hung',
  });
  await access(harness.workspace(id, 'attempts/1/output'));
});

it('takes over the incident of a killed worker on the same machine at once, long before its lock expires', async () => {
  const id = await harness.admit();
  const config = harness.config({ max_agents_per_cluster: 1 }, { agent: 'hangs-once' });
  const dying = await harness.startWorkerProcess(config, { lock: DEFAULT_LOCK });
  await untilAgentRuns(id);
  await dying.kill();
  await harness.startWorker(config, undefined, { lock: DEFAULT_LOCK });
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 2 });
});

it.each([
  ['whose worker was killed', false],
  ['whose worker was killed before it had recorded its start', true],
])('ends an agent script %s, before another worker investigates the incident', async (_, isUnrecorded) => {
  const id = await harness.admit();
  const config = harness.config({}, { agent: 'hangs-once' });
  const dying = await harness.startWorkerProcess(config, { lock: DEFAULT_LOCK });
  const agent = await untilAgentRuns(id);
  await dying.kill();
  expect(identityOf(agent)).toBeDefined();
  if (isUnrecorded) await rm(harness.workspace(id, 'script-process.json'));
  await harness.startWorker(config, undefined, { lock: DEFAULT_LOCK });
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 2 });
  // It may remain as a zombie.
  expect(identityOf(agent)).toBeUndefined();
  expect(harness.logger.lines.map(({ message }) => message)).toContain('agent script of a dead worker ended');
});

it('counts one result, and stops the other agent, when a worker thaws whose incident was taken over', async () => {
  const id = await harness.admit();
  const config = harness.config({}, { agent: 'hangs-once' });
  const frozen = await harness.startWorkerProcess(config, { lock: DEFAULT_LOCK });
  const agent = await untilAgentRuns(id);
  frozen.signal('SIGSTOP');
  await harness.startWorker(config, undefined, { lock: DEFAULT_LOCK, deadAfter: 3_000 });
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 2 });

  expect(() => process.kill(agent, 0)).not.toThrow();
  frozen.signal('SIGCONT');
  await expect.poll(() => isRunning(agent), { timeout: 120_000 }).toBe(false);
  expect(await harness.incident(id)).toMatchObject({ state: 'reported', attempts: 2 });
  expect(await harness.booksOff()).toEqual([]);
});

it('requeues the incident of a worker that is stopped at once, without counting an attempt', async () => {
  const id = await harness.admit();
  const config = harness.config({}, { agent: 'hangs-once' });
  const stopping = await harness.startWorker(config);
  const agent = await untilAgentRuns(id);
  await stopping.stop();
  expect(await harness.incident(id)).toMatchObject({ state: 'queued', attempts: 0, reason: 'the worker shuts down' });
  expect(() => process.kill(agent, 0)).toThrow('ESRCH');

  await harness.startWorker(config);
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 1 });
});

it('lets short investigations finish at a stop, and starts the long ones on another worker at once', async () => {
  const settings = { max_agents_per_cluster: 0, max_concurrent_agents: 4, shutdown_timeout: 16 };
  const config = harness.config(settings, { agent: 'short-or-long' });
  const ids = [await harness.admit(), await harness.admit(), await harness.admit(), await harness.admit()];
  const [short, long] = [ids.slice(0, 2), ids.slice(2)];
  for (const id of long) {
    await mkdir(harness.workspace(id), { recursive: true });
    await writeFile(harness.workspace(id, 'long'), '');
  }
  const stopping = await harness.startWorker(config);
  for (const id of ids) await untilAgentRuns(id);
  // The other worker runs already, and is idle.
  await harness.startWorker(config);
  const stopped = stopping.stop();
  for (const id of ids) await writeFile(harness.workspace(id, 'go'), '');
  for (const id of short) expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 1 });
  await stopped;
  for (const id of long) {
    const incident = await harness.reaches(id, 'reported');
    expect(incident).toMatchObject({ attempts: 1 });
    const [ended = 0, began = Infinity] = (await readFile(harness.workspace(id, 'times'), 'utf8'))
      .trim()
      .split('\n')
      .map(Number);
    // Seconds. A job that had to wait until its lock expires would start after a minute.
    expect(began - ended).toBeLessThan(45);
  }
});

it('lets an investigation finish that takes less than its part of shutdown_timeout', async () => {
  const id = await harness.admit();
  const worker = await harness.startWorker(
    harness.config({ agent_timeout: 1, shutdown_timeout: 120 }, { agent: 'hangs' }),
  );
  await harness.reaches(id, 'investigating');
  await worker.stop();
  expect(await harness.incident(id)).toMatchObject({ state: 'agent_failed', reason: 'claude timed out after 1 s' });
});

it('discards the outcome of a worker that lost the lock of the job', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({}, { agent: 'hangs-once' }));
  await untilAgentRuns(id);
  await harness.stealLock(id);

  await expect
    .poll(() => harness.logger.lines.map((line) => line.message), { timeout: 120_000 })
    .toContain('job lock lost; outcome discarded');
  expect(await harness.incident(id)).toMatchObject({ state: 'investigating', attempts: 1 });
});

it('investigates an incident although the slots of its cluster are damaged in Redis', async () => {
  const id = await harness.admit();
  await harness.breakSlots();
  await harness.startWorker(harness.config());
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 1 });
});

it('investigates an incident whose slot Redis refused with an error, when it refuses no more', async () => {
  const id = await harness.admit();
  const { url, allow } = await harness.forbidSlots();
  // The job waits until its lock has expired.
  const lock = { lockDuration: 6_000, stalledInterval: 500 };
  await harness.startWorker(harness.config({ redis: { url, key_prefix: harness.key_prefix } }), undefined, {
    lock,
    deadAfter: 1_000,
  });
  const messages = (): string[] => harness.logger.lines.map(({ message }) => message);
  try {
    await expect.poll(messages, { timeout: 120_000 }).toContain('cannot persist outcome; retrying');
    expect(await harness.incident(id)).toMatchObject({ state: 'queued', attempts: 0 });
  } finally {
    await allow();
  }
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 1 });
  expect(await harness.booksOff()).toEqual([]);
});

it('keeps the report of an agent that ends while Redis refuses writes, and writes it when Redis accepts them', async () => {
  const id = await harness.admit();
  const config = harness.config({}, { agent: 'short-or-long' });
  await harness.startWorker(config, undefined, { lock: DEFAULT_LOCK });
  await untilAgentRuns(id);
  const accept = await harness.refuseWrites();
  try {
    await writeFile(harness.workspace(id, 'go'), '');
    await untilLogged('writes refused by redis; outcome waits');
    expect(await harness.incident(id)).toMatchObject({ state: 'investigating', attempts: 1 });
  } finally {
    await accept();
  }
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 1 });
  await expect.poll(async () => (await harness.queue.getJob(id))?.getState(), { timeout: 60_000 }).toBe('completed');
  expect(await harness.slotsHeld()).toBe(0);
  expect(await harness.booksOff()).toEqual([]);
});

it('takes the slot of an incident as soon as Redis accepts writes', async () => {
  const job = await harness.queue.getJob(await harness.admit());
  const { key_prefix, logger } = harness;
  const redis = connectWorker({ url: backend.redis.url, key_prefix }, logger);
  try {
    const slots = openState(redis, { key_prefix, logger }).openSlots({ max_agents_per_cluster: 1, lease: 60_000 });
    const waits = { logger, signal: new AbortController().signal, waiting: 'outcome' } as const;
    const persist: HeldJob['persist'] = async (write) => whenWritable(write, waits);
    const accept = await harness.refuseWrites();
    const locked = { id: job!.id!, token: 'token', starts: 1 };
    const held = { job: job!, token: 'token', locked, lockDuration: 60_000, renew: async () => true, persist };
    const taking = takeSlot(held, slots, logger);
    try {
      await untilLogged('writes refused by redis; outcome waits');
    } finally {
      await accept();
    }
    const slot = await taking;
    expect(await harness.slotsHeld()).toBe(1);
    await slot.give();
    expect(await harness.slotsHeld()).toBe(0);
  } finally {
    await disconnect(redis);
  }
});

it('requeues or skips an incident that another worker starts or ends during its claim', async () => {
  const id = await harness.admit();
  const incident = { ...(await harness.incident(id)), attempts: 1 };
  const begin = async (): Promise<void> =>
    beginAttempt({ incident }, { config: harness.config(), incidents: harness.incidents });
  await begin();
  await expect(begin()).rejects.toMatchObject({ outcome: { kind: 'requeue' } });
  await harness.incidents.finish(id, { state: 'cancelled' });
  await expect(begin()).rejects.toMatchObject({ outcome: { kind: 'skipped' } });
});

it('fails an incident whose workers die repeatedly', async () => {
  const id = await harness.admit();
  const config = harness.config({}, { agent: 'hangs' });
  for (const attempt of [1, 2, 3]) {
    const dying = await harness.startWorkerProcess(config);
    await expect.poll(async () => (await harness.incident(id)).attempts, { timeout: 120_000 }).toBe(attempt);
    await dying.kill();
  }
  await harness.startWorker(config);
  expect((await harness.reaches(id, 'failed')).reason).toBe(
    'gave up after 3 attempts: attempt 3: its worker died or hung',
  );
});

it('delivers the built-in report on an incident whose workers die repeatedly', async () => {
  const id = await harness.admit('image-pull-back-off');
  const config = harness.config({ max_attempts: 1, agent_fallback: ['builtin'] }, { agent: 'hangs' });
  const dying = await harness.startWorkerProcess(config);
  await untilAgentRuns(id);
  await dying.kill();
  await harness.startWorker(config);
  const incident = await harness.reaches(id, 'reported');
  const reason = 'gave up after 1 attempt: attempt 1: its worker died or hung';
  expect(incident).toMatchObject({ agent: 'builtin', reason: `fallback to builtin: ${reason}` });
  expect(incident.report?.root_cause).toMatch(/image/i);
  expect(await harness.incidents.report(id)).toContain(`because the agent failed: \`${reason}\``);
});

it('does not investigate an incident again that ended before its worker died', async () => {
  const id = await harness.admit();
  await harness.incidents.finish(id, { state: 'cancelled', reason: 'by an operator' });
  await harness.startWorker(harness.config());
  await expect.poll(async () => (await harness.queue.getJob(id))?.getState(), { timeout: 120_000 }).toBe('completed');
  expect(await harness.incident(id)).toMatchObject({ state: 'cancelled', reason: 'by an operator', attempts: 0 });
});

it('gives up after max_attempts, retries and dead workers counted together', async () => {
  const id = await harness.admit();
  await harness.incidents.begin(id);
  await harness.incidents.requeued(id, 'the cluster is unreachable');
  await harness.startWorker(harness.config({ max_attempts: 1 }));
  expect((await harness.reaches(id, 'failed')).reason).toBe('gave up after 1 attempt: the cluster is unreachable');
});

it('does not start an incident that waited longer than max_queue_age_seconds', async () => {
  const id = await harness.admit();
  await expect.poll(async () => Date.now() - Date.parse((await harness.incident(id)).created_at)).toBeGreaterThan(100);
  await harness.startWorker(harness.config({ max_queue_age_seconds: 0.1 }));
  expect(await harness.reaches(id, 'expired')).toMatchObject({
    attempts: 0,
    reason: 'waited longer than max_queue_age_seconds: 0.1',
  });
  expect(await harness.booksOff()).toEqual([]);
});

it('never investigates more of one cluster than max_agents_per_cluster, even when workers die, and frees all slots', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => harness.admit()));
  const settings = { max_concurrent_agents: 4, max_agents_per_cluster: 2, agent_timeout: 1, max_attempts: 5 };
  const config = harness.config(settings, { agent: 'hangs' });
  const dying = await harness.startWorkerProcess(config);
  await harness.startWorker(config);
  let most = 0;
  let killed = false;
  await expect
    .poll(
      async () => {
        most = Math.max(most, await harness.slotsHeld());
        const { investigating, agent_failed } = await harness.incidents.counts();
        if (!killed && investigating > 0) {
          killed = true;
          await dying.kill();
        }
        return agent_failed;
      },
      { interval: 20, timeout: 120_000 },
    )
    .toBe(ids.length);
  expect(most).toBe(2);
  await expect.poll(() => harness.slotsHeld(), { timeout: 120_000 }).toBe(0);
  expect(await harness.booksOff()).toEqual([]);
});
