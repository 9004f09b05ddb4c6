import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { Admission } from '../src/admission/admission.ts';
import { ClusterSlots } from '../src/queue/cluster-slots.ts';
import { QueueSweep } from '../src/queue/queue-sweep.ts';
import { JOB_NAME } from '../src/queue/triage-queue.ts';
import { type BullmqInternals, BullmqScripts, readBullmqInternals } from '../src/redis/bullmq-scripts.ts';
import { jobTemplate, parseTemplate } from '../src/queue/job-template.ts';
import { normaliseLua } from '../src/redis/normalise-lua.ts';
import { BOUNDS, fault, openTestState, type TestState } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const installed = readBullmqInternals();
/** The stores that run scripts of BullMQ, and which. */
const USED = [
  ['Admission', 'addPrioritizedJob'],
  ['Admission', 'removeJob'],
  ['QueueSweep', 'removeJob'],
  ['ClusterSlots', 'moveToDelayed'],
  ['ClusterSlots', 'promote'],
] as const;
type Store = (typeof USED)[number][0];

/** The installed BullMQ with one script changed. */
function changed(script: string, change: Partial<BullmqInternals['scripts'][string]>): BullmqInternals {
  const found = installed.scripts[script];
  if (!found) throw new Error(`bullmq has no script ${script}`);
  return { ...installed, scripts: { ...installed.scripts, [script]: { ...found, ...change } } };
}

/** Makes a store as its process does at start-up, with another BullMQ. */
function start(
  state: TestState,
  store: Store,
  internals: BullmqInternals,
  logger = silentLogger,
): Admission | undefined {
  const { redis, keys, queue, incidents } = state;
  const context = { redis, keys, bullmq: new BullmqScripts(logger, () => internals), logger, now: Date.now };
  switch (store) {
    case 'Admission':
      return new Admission(context, queue, BOUNDS);
    case 'QueueSweep':
      return void new QueueSweep(context, incidents);
    case 'ClusterSlots':
      return void new ClusterSlots(context, { max_agents_per_cluster: 1, lease: 1_000 });
    default:
      return store satisfies never;
  }
}

describe('BullMQ at start-up', () => {
  test.each(USED)('%s starts with the installed version and its script %s', async (store) => {
    await using state = await openTestState(server.url);
    expect(() => start(state, store, installed)).not.toThrow();
  });

  test.each(USED)('%s refuses a changed %s and names it, with what to do', async (store, script) => {
    await using state = await openTestState(server.url);
    const content = `local changed = 1\n${installed.scripts[script]?.content}`;
    expect(() => start(state, store, changed(script, { content }))).toThrow(
      new RegExp(
        `^bullmq 6\\.7\\.0 has changed its script ${script}, which Nightcrier runs: .*SHA-256.*install bullmq 6`,
      ),
    );
  });

  test.each(USED)('%s refuses a %s that takes other keys or arguments, or is missing', async (store, script) => {
    await using state = await openTestState(server.url);
    const { [script]: found, ...others } = installed.scripts;
    expect(() => start(state, store, changed(script, { keys: 12 }))).toThrow(
      `${script}, which Nightcrier runs: it takes 12 keys`,
    );
    const content = `${found?.content}\nlocal more = ARGV[11]`;
    expect(() => start(state, store, changed(script, { content }))).toThrow(
      `${script}, which Nightcrier runs: it takes 11 arguments`,
    );
    expect(() => start(state, store, { ...installed, scripts: others })).toThrow(
      `bullmq 6.7.0 has no script ${script}`,
    );
  });

  test('another version with the same scripts starts, is logged once, and admits', async () => {
    const logged: unknown[] = [];
    const logger: Logger = { ...silentLogger, info: (fields, message) => logged.push({ ...fields, message }) };
    await using state = await openTestState(server.url);
    const commented = changed('removeJob', {
      content: `-- a new comment\n${installed.scripts['removeJob']?.content}\n\n`,
    });
    const admission = start(state, 'Admission', { ...commented, version: '6.7.1' }, logger);
    expect(await admission?.admit(fault())).toMatchObject({ kind: 'queued' });
    expect(logged).toEqual([
      { version: '6.7.1', tested_version: '6.7.0', message: 'untested bullmq version found; checking its scripts' },
    ]);
  });

  test('comments and white space do not count as a change, anything else does', () => {
    const same = normaliseLua("--[[ add\n it ]] local a = 'x -- y' -- end\n  return  a");
    expect(same).toBe("local a = 'x -- y' return a");
    expect(normaliseLua("local a = 'x  -- y' return a")).not.toBe(same);
    expect(normaliseLua("local a = 'x -- y'\nreturn ab")).not.toBe(same);
  });
});

describe('the job template', () => {
  test('has the keys in the order in which the script reads them', async () => {
    await using state = await openTestState(server.url);
    const names = ['marker', 'meta', 'id', 'prioritized', 'delayed', 'completed', 'active', 'events', 'pc'];
    expect(jobTemplate(state.queue).keys).toEqual(names.map((name) => `{${state.key_prefix}}:triage:${name}`));
  });

  test('is refused when BullMQ adds a job with another command, or packs it in another way', async () => {
    await using state = await openTestState(server.url);
    const { keys, args, options } = jobTemplate(state.queue);
    const command = (name: string, ...packed: (Buffer | string)[]) => [{ name, args: [...keys, ...packed] }];
    expect(parseTemplate(command('addPrioritizedJob:6.7.1', args, '{}', options))).toEqual({ keys, args, options });
    expect(() => parseTemplate(command('addStandardJob', args, '{}', options))).toThrow(
      'bullmq adds a job with the commands',
    );
    expect(() => parseTemplate(command('addPrioritizedJob', args, '{}'))).toThrow(
      'bullmq adds a job with the commands',
    );
    expect(() => parseTemplate(command('addPrioritizedJob', options, '{}', args))).toThrow('bullmq packs a job as');
  });
});

describe('an admitted job', () => {
  test('is stored exactly as BullMQ stores one', async () => {
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

  test('is removed completely by an eviction', async () => {
    await using state = await openTestState(server.url, { global_queue_size: 1 });
    const { incidentId } = await state.admission.admit(fault());
    await state.admission.admit(fault());
    expect((await state.incidents.get(incidentId))?.state).toBe('dropped');
    expect(await state.redis.keys(`${state.queue.toKey(incidentId)}*`)).toEqual([]);
    expect(await state.queue.getJobCounts()).toMatchObject({ prioritized: 1, waiting: 0, delayed: 0 });
  });
});
