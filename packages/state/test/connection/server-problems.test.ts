import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { Redis } from 'ioredis';
import { freePort } from '../../../simulator/src/free-port.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { aclRules } from '../../src/server/acl.ts';
import { connectProducer, disconnect, type RedisConnection } from '../../src/redis/connection.ts';
import { readServerProblems } from '../../src/server/redis-server.ts';
import { openState } from '../../src/open-state.ts';
import { whenWritable } from '../../src/redis/when-writable.ts';
import { BOUNDS, Clock, fault } from '../state.fixture.ts';
import { type PlainServer, startPlainServer } from './plain-server.ts';

let server: PlainServer | undefined;
let redis: RedisConnection | undefined;
afterEach(async () => {
  if (redis) await disconnect(redis);
  await server?.[Symbol.asyncDispose]();
});

/** Starts a server and connects. Returns the lines at level error, too. */
async function start(settings: Record<string, string>, url = '') {
  server = await startPlainServer(settings);
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields, message) => errors.push({ ...fields, message }) };
  redis = connectProducer({ url: `redis://${url}127.0.0.1:${server.port}`, key_prefix: 'nc' }, logger);
  await once(redis, 'ready');
  return { redis, errors, codes: async () => (await readServerProblems(redis!, 'nc')).map(({ code }) => code) };
}

describe('what is wrong with a server', () => {
  test('nothing, for one that suits', async () => {
    const { codes, errors } = await start({});
    expect(await codes()).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('an eviction policy is an error at start', async () => {
    const { codes, errors } = await start({ 'maxmemory-policy': 'allkeys-lru' });
    expect(await codes()).toEqual(['eviction_policy']);
    await expect.poll(() => errors).toMatchObject([{ code: 'eviction_policy', message: 'redis unsuitable' }]);
  });

  test('Redis Cluster is refused', async () => {
    const { redis: connection } = await start({
      'cluster-enabled': 'yes',
      // By default 10,000 above the other one, where the port of some connection may be.
      'cluster-port': String(await freePort()),
    });
    expect(await readServerProblems(connection, 'nc')).toContainEqual(
      expect.objectContaining({ code: 'cluster', blocks: true, message: expect.stringContaining('not supported') }),
    );
  });

  test('a replica', async () => {
    await start({});
    // A connection of the product that meets a replica is renewed again and again.
    const plain = new Redis(server!.port);
    await plain.call('REPLICAOF', '127.0.0.1', '1');
    expect((await readServerProblems(plain, 'nc')).map(({ code }) => code)).toContain('replica');
    plain.disconnect();
  });

  test('a full memory refuses admissions and loses nothing: they succeed once it has room', async () => {
    const { redis: connection, codes } = await start({});
    const state = openState(connection, { key_prefix: 'nc', logger: silentLogger });
    const admission = state.openAdmission(state.openQueue(), BOUNDS);
    await admission.admit(fault());
    await connection.call('CONFIG', 'SET', 'maxmemory', '500kb');
    expect(await codes()).toEqual(['full']);
    const id = randomUUID();
    await expect(admission.admit(fault({ id }), id)).rejects.toThrow(/OOM/);
    expect((await state.intake.read()).total.received).toBe(1);
    await connection.call('CONFIG', 'SET', 'maxmemory', '100mb');
    expect(await admission.admit(fault({ id }), id)).toMatchObject({ kind: 'queued' });
    expect(await codes()).toEqual([]);
  });

  test('a write at a start waits until a full memory has room, also in a transaction', async () => {
    const { redis: connection } = await start({});
    await connection.call('CONFIG', 'SET', 'maxmemory', '1');
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_, message) => logged.push(message) };
    const { signal } = new AbortController();
    const one = whenWritable(async () => connection.hset('nc:one', 'a', '1'), { logger, signal });
    const two = whenWritable(async () => connection.multi().hset('nc:two', 'a', '1').exec(), { logger, signal });
    await expect.poll(() => logged.length, { timeout: 30_000 }).toBe(2);
    await connection.call('CONFIG', 'SET', 'maxmemory', '0');
    expect(await one).toBe(1);
    expect(await two).toEqual([[null, 1]]);
    const failing = whenWritable(async () => connection.hincrby('nc:one', 'a', 'x'), { logger, signal });
    await expect(failing).rejects.toThrow('not an integer');
  });

  test('a full memory does not keep incidents beyond the retention from being deleted', async () => {
    const { redis: connection } = await start({});
    const clock = new Clock();
    const state = openState(connection, { key_prefix: 'nc', logger: silentLogger, now: clock.now });
    const settings = { ...BOUNDS, global_queue_size: 1, queue_overflow_policy: 'reject' } as const;
    const admission = state.openAdmission(state.openQueue(), settings);
    for (let at = 0; at < 50; at += 1) await admission.admit(fault());
    await connection.call('CONFIG', 'SET', 'maxmemory', '500kb');
    clock.ms += 31 * 24 * 3_600_000;
    await expect(admission.admit(fault())).rejects.toThrow(/OOM/);
    await state.openSweep().trim();
    expect(await state.incidents.counts()).toMatchObject({ queued: 1, rejected: 0 });
  });

  test('a database that Redis does not have is not replaced by another one', async () => {
    await start({});
    const warnings: unknown[] = [];
    const logger: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) };
    const other = connectProducer({ url: `redis://127.0.0.1:${server!.port}/99`, key_prefix: 'nc' }, logger);
    other.on('ready', () => void other.set('{nc}:a', '1').catch(() => undefined));
    await expect
      .poll(() => warnings, { timeout: 60_000 })
      .toContainEqual(expect.objectContaining({ error: expect.stringContaining('does not select database 99') }));
    // It connects again, and fails again.
    let closed = 0;
    other.on('close', () => (closed += 1));
    await expect.poll(() => closed, { timeout: 60_000 }).toBeGreaterThan(0);
    other.disconnect();
    expect(await redis!.dbsize()).toBe(0);
  });

  test('a connection is in its database also after it was inspected, and connects again', async () => {
    await start({});
    redis!.disconnect();
    redis = connectProducer({ url: `redis://127.0.0.1:${server!.port}/3`, key_prefix: 'nc' }, silentLogger);
    await once(redis, 'ready');
    expect(await readServerProblems(redis, 'nc')).toEqual([]);
    redis.disconnect(true);
    await once(redis, 'ready');
    await redis.set('{nc}:a', '1');
    const plain = new Redis(server!.port);
    expect(await plain.dbsize()).toBe(0);
    await plain.select(3);
    expect(await plain.dbsize()).toBe(1);
    plain.disconnect();
  });

  test('the ACL in the documentation is the one that is needed', async () => {
    const operations = await readFile(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');
    expect(operations).toContain(`user nightcrier on >PASSWORD ${aclRules('nightcrier').join(' ')}\n`);
  });

  test('rules that the ACL of the user lacks are named, and the check writes nothing', async () => {
    const admin = async (...words: string[]): Promise<void> => {
      const connection = new Redis(server!.port, { lazyConnect: true });
      await connection.connect();
      await connection.call('ACL', 'SETUSER', 'nc', 'on', '>secret', ...words);
      connection.disconnect();
    };
    const { codes } = await start({});
    expect(await codes()).toEqual([]);
    await disconnect(redis!);
    await admin(...aclRules('nc'));
    const connect = async (): Promise<string[]> => {
      redis = connectProducer({ url: `redis://nc:secret@127.0.0.1:${server!.port}`, key_prefix: 'nc' }, silentLogger);
      await once(redis, 'ready');
      const messages = (await readServerProblems(redis, 'nc')).map(({ message }) => message);
      // Not within a transaction that nothing ends.
      expect(await redis.ping()).toBe('PONG');
      await disconnect(redis);
      return messages;
    };
    expect(await connect()).toEqual([]);
    await admin('-zpopmin', '-hset');
    expect(await connect()).toEqual([expect.stringContaining('lacks +hset +zpopmin:')]);
    await admin('+zpopmin', '+hset');
    for (const rule of ['multi', 'discard', 'exec']) {
      await admin(`-${rule}`);
      expect(await connect()).toEqual([expect.stringContaining(`lacks +${rule}:`)]);
      await admin(`+${rule}`);
    }
    await admin('resetkeys', '~{other}:*');
    expect(await connect()).toEqual([expect.stringContaining('lacks ~{nc}:*:')]);
    const inspector = new Redis(server!.port);
    expect(await inspector.dbsize()).toBe(0);
    inspector.disconnect();
  });
});
