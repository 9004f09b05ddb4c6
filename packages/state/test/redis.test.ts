import { randomUUID } from 'node:crypto';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterEach, describe, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { StateKeys } from '../src/redis/keys.ts';
import { connectProducer, connectWorker, disconnect } from '../src/redis/connection.ts';
import { fault, openTestState } from './state.fixture.ts';

let server: RedisServer | undefined;
afterEach(async () => server?.stop());

describe('redis connections', () => {
  test('a producer fails immediately while Redis is unreachable, reconnects, and logs the outage once', async () => {
    const first = await startRedisServer();
    const lines: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_fields, message) => lines.push(message),
      info: (_fields, message) => lines.push(message),
    };
    await using state = await openTestState(first.url, {}, { logger });
    await first.stop();
    const id = randomUUID();
    await expect.poll(() => lines).toEqual(['redis disconnected']);
    await expect(state.admission.admit(fault(), id)).rejects.toThrow(/enableOfflineQueue/);
    server = await startRedisServer({ port: Number(new URL(first.url).port) });
    await expect
      .poll(async () => state.admission.admit(fault(), id).catch(() => undefined), { timeout: 30_000 })
      .toMatchObject({ kind: 'queued', incidentId: id });
    expect(lines).toEqual(['redis disconnected', 'redis reconnected']);
  });

  test('a producer gets an error in seconds when Redis hangs, and the resent call is queued once', async () => {
    server = await startRedisServer();
    await using state = await openTestState(server.url);
    const id = randomUUID();
    process.kill(server.pid!, 'SIGSTOP');
    try {
      await expect(state.admission.admit(fault({ id: 'f' }), id)).rejects.toThrow(/timed out/);
    } finally {
      process.kill(server.pid!, 'SIGCONT');
    }
    await expect
      .poll(async () => state.admission.admit(fault({ id: 'f' }), id).catch(() => undefined))
      .toMatchObject({ incidentId: id });
    expect(await state.queue.getJobCountByTypes('prioritized')).toBe(1);
    expect((await state.incidents.list({ limit: 10 })).incidents).toHaveLength(1);
  });

  test('a worker waits until Redis is reachable', async () => {
    const first = await startRedisServer();
    const worker = connectWorker({ url: first.url, key_prefix: 'k' }, silentLogger);
    await worker.ping();
    await first.stop();
    const pong = worker.ping();
    server = await startRedisServer({ port: Number(new URL(first.url).port) });
    expect(await pong).toBe('PONG');
    await disconnect(worker);
  });
});

describe('disconnect', () => {
  test('closes a connection that was never established', async () => {
    const redis = connectProducer({ url: 'redis://127.0.0.1:1', key_prefix: 'k' }, silentLogger);
    await disconnect(redis);
    await expect.poll(() => redis.status).toBe('end');
  });
});

describe('StateKeys', () => {
  test('puts all keys, those of BullMQ too, under one hash tag', () => {
    const keys = new StateKeys('night-crier_1');
    expect(keys.bullmq).toBe('{night-crier_1}');
    expect(keys.incident('x')).toBe('{night-crier_1}:incident:x');
  });

  test('lists all keys: admission and transitions write no other one', async () => {
    server = await startRedisServer();
    await using state = await openTestState(server.url, { cluster_queue_size: 10 });
    const { incidentId: id } = await state.admission.admit(fault({ id: 'f', cluster: 'prod' }));
    await state.admission.admit(fault({ id: 'f', cluster: 'prod' }));
    await state.admission.admit(fault({ id: 'g', cluster: 'prod' }), randomUUID());
    await state.incidents.begin(id);
    await state.incidents.saveReport(id, '# Report');
    const keys = state.keys;
    const { incident_id: waiting } = (await state.incidents.list({ state: 'queued', limit: 1 })).incidents[0]!;
    const written = await state.redis.keys(`${keys.ours}*`);
    expect(written.filter((key) => !key.startsWith(`${keys.bullmq}:triage:`)).toSorted()).toEqual(
      [
        keys.incidents,
        keys.incidentsOf('prod'),
        keys.incidentsIn('queued'),
        keys.incidentsIn('investigating'),
        keys.incident(id),
        keys.incident(waiting),
        keys.report(id),
        keys.waiting(),
        keys.waiting('prod'),
        keys.clustersIndexed,
        keys.events,
        keys.fault('prod', 'f'),
        keys.fault('prod', 'g'),
        ...keys.countedCalls,
        ...keys.fairTags,
        keys.intake,
      ].toSorted(),
    );
  });

  test('refuses a prefix that would break the hash tag', () => {
    expect(() => new StateKeys('a}b')).toThrow('key_prefix "a}b"');
  });
});
