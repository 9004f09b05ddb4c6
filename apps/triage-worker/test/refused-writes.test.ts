import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { harness } from './file-harness.ts';

const LOCK = { lockDuration: 5_000, stalledInterval: 500 };
/** Also how long live workers have to lock their jobs again. Longer than a gap of heartbeats that is an outage, and one heartbeat. */
const DEAD_AFTER_MS = 8_000;
/** Without a heartbeat for so long, Redis counts as having refused writes. */
const SILENCE_MS = 6_000;
const patient = { timeout: 120_000, interval: 50 };

it('investigates an incident once, though Redis refuses writes for longer than the lock of its worker lasts', async () => {
  const id = await harness.admit();
  const config = harness.config({ max_agents_per_cluster: 1 }, { agent: 'short-or-long' });
  await harness.startWorker(config, undefined, { lock: LOCK, deadAfter: DEAD_AFTER_MS });
  const agents = async (): Promise<string> =>
    readFile(harness.workspace(id, 'agent-pids'), 'utf8').catch(() => 'no agent yet');
  await expect.poll(agents, patient).toMatch(/\d\n/);
  const agent = await agents();
  // Checks the locks of all, and would take the incident.
  await harness.startWorker(config, undefined, { lock: LOCK, deadAfter: DEAD_AFTER_MS });
  const { redis, keys } = harness.state;
  const lock = `${harness.queue.toKey(id)}:lock`;

  const heartbeats = async (): Promise<{ since: number; last: number }> =>
    JSON.parse((await redis.hget(keys.workerRecords, '')) ?? '{}');

  const accept = await harness.refuseWrites();
  try {
    await expect.poll(() => redis.exists(lock), patient).toBe(0);
    // BullMQ has noticed, too.
    const errors = (): string => JSON.stringify(harness.logger.lines.map(({ fields }) => String(fields.error)));
    await expect.poll(errors, patient).toContain(`could not renew lock for job ${id}`);
    await expect.poll(async () => Date.now() - (await heartbeats()).last, patient).toBeGreaterThan(SILENCE_MS);
  } finally {
    await accept();
  }
  await expect.poll(() => redis.exists(lock), patient).toBe(1);
  // From then on jobs without a lock are released.
  const lasting = async (): Promise<number> => {
    const { since, last } = await heartbeats();
    return last - since;
  };
  await expect.poll(lasting, patient).toBeGreaterThan(DEAD_AFTER_MS);
  expect(await agents()).toBe(agent);
  await writeFile(harness.workspace(id, 'go'), '');
  expect(await harness.reaches(id, 'reported')).toMatchObject({ attempts: 1 });
  expect(await agents()).toBe(agent);
  await expect.poll(async () => (await harness.queue.getJob(id))?.getState(), patient).toBe('completed');
  expect(await harness.booksOff()).toEqual([]);
});
