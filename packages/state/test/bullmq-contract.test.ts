import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bullmqFunctions, bullmqInternals, jobTemplate } from '../src/redis/bullmq-contract.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { JOB_NAME } from '../src/queue/triage-queue.ts';
import { fault, openTestState, type TestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const ALL = ['bull_add', 'bull_remove', 'bull_delay', 'bull_promote'] as const;

describe('the BullMQ that admission is composed with', () => {
  test('is the installed one', () => {
    expect(() => bullmqFunctions(bullmqInternals(), ALL)).not.toThrow();
  });

  test('is refused at start-up in another version, with what to do', () => {
    expect(() => bullmqFunctions({ ...bullmqInternals(), version: '6.8.0' }, ALL)).toThrow(
      /bullmq is 6\.8\.0, admission needs 6\.7\.0: .*compare the scripts.*bullmq-contract\.ts/,
    );
  });

  test('is refused at start-up when a script is gone or takes other keys', () => {
    const { version, scripts } = bullmqInternals();
    const { removeJob: _, ...withoutRemoveJob } = scripts;
    expect(() => bullmqFunctions({ version, scripts: withoutRemoveJob }, ALL)).toThrow('no script removeJob');
    const changed = { name: 'addPrioritizedJob', content: '', keys: 10 };
    expect(() => bullmqFunctions({ version, scripts: { ...scripts, addPrioritizedJob: changed } }, ALL)).toThrow(
      "bullmq's script addPrioritizedJob takes 10 keys, admission expects 9",
    );
  });

  test('packs the keys in the order in which the script reads them', async () => {
    await using state = await openTestState(server.url);
    const names = ['marker', 'meta', 'id', 'prioritized', 'delayed', 'completed', 'active', 'events', 'pc'];
    expect(jobTemplate(state.queue).keys).toEqual(names.map((name) => `{${state.key_prefix}}:triage:${name}`));
  });

  test('stores an admitted job exactly as it stores one of its own', async () => {
    await using admitted = await openTestState(server.url);
    await using added = await openTestState(server.url);
    const { incidentId: jobId } = await admitted.admission.admit(fault({ severity: 'critical' }));
    const job = await admitted.queue.getJob(jobId);
    await added.queue.add(JOB_NAME, job!.data, { jobId, priority: 1, timestamp: job!.timestamp });
    const stored = async ({ redis, queue }: TestState): Promise<object> => {
      const { opts = '', ...hash } = await redis.hgetall(queue.toKey(jobId));
      const sets = ['prioritized', 'marker'].map(async (name) =>
        redis.zrange(queue.toKey(name), 0, '-1', 'WITHSCORES'),
      );
      const { timestamp: _, ...options }: Record<string, unknown> = JSON.parse(opts);
      return { hash, options, sets: await Promise.all(sets), counter: await redis.get(queue.toKey('pc')) };
    };
    const own = await stored(added);
    expect(own).toMatchObject({ options: { priority: 1 }, counter: '1' });
    expect(await stored(admitted)).toEqual(own);
  });

  test('removes an evicted job without a trace', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1 });
    const { incidentId } = await state.admission.admit(fault());
    await state.admission.admit(fault());
    expect((await state.incidents.get(incidentId))?.state).toBe('dropped');
    expect(await state.redis.keys(`${state.queue.toKey(incidentId)}*`)).toEqual([]);
    expect(await state.queue.getJobCounts()).toMatchObject({ prioritized: 1, waiting: 0, delayed: 0 });
  });
});
