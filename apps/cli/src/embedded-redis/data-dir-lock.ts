import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@nightcrier/core/logger';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { processStart } from './process-start.ts';

const Holder = z.object({
  /** The process that started the server. */
  owner_pid: z.number(),
  /** See {@link processStart}. Missing where the system does not show it, and in the lock of an older version. */
  owner_started: z.number().optional(),
  /** Missing while the server is being started. */
  server_pid: z.number().optional(),
  port: z.number(),
});
type Holder = z.infer<typeof Holder>;

export interface DataDirLock {
  /** Records the process id of the server that was started under the lock. */
  record(serverPid: number): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks a data directory for one embedded Redis: two servers on one append-only file would corrupt it. A lock whose owner
 * has died is taken over, after its orphaned server has been stopped.
 * @throws Error when a running process holds the lock.
 */
export async function lockDataDir(dataDir: string, port: number, logger: Logger): Promise<DataDirLock> {
  const file = join(dataDir, 'embedded-redis.lock');
  const draft = `${file}.${process.pid}-${port}`;
  const mine: Holder = { owner_pid: process.pid, owner_started: processStart(process.pid), port };
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    while (!(await linked(draft, file))) {
      const holder = await readHolder(file);
      if (holder) await takeOver(file, holder, logger);
      if (isDeepStrictEqual(await readHolder(file), holder)) await rm(file, { force: true });
    }
  } finally {
    await rm(draft);
  }
  // One after the other: a server can end while it is being recorded, and its lock must not come back then.
  const oneAtATime = pLimit(1);
  let isReleased = false;
  return {
    record: (serverPid) =>
      oneAtATime(async () => {
        if (isReleased) return;
        await writeFile(draft, JSON.stringify({ ...mine, server_pid: serverPid }), { mode: 0o600 });
        await rename(draft, file);
      }),
    release: () =>
      oneAtATime(async () => {
        isReleased = true;
        const holder = await readHolder(file);
        if (holder?.owner_pid === mine.owner_pid && holder.port === mine.port) await rm(file, { force: true });
      }),
  };
}

/** Creates the lock file atomically with its content. Returns false if it exists. */
async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return Holder.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Removed since, or not a lock file: no holder.
    return undefined;
  }
}

async function takeOver(file: string, holder: Holder, logger: Logger): Promise<void> {
  const { owner_pid, owner_started, server_pid, port } = holder;
  const owns = alive(owner_pid) && (owner_started === undefined || processStart(owner_pid) === owner_started);
  const serving = server_pid !== undefined && (await serverProcess(port)) === server_pid;
  if (owns && (serving || server_pid === undefined))
    throw new ExitError(
      'cannot_create',
      `data directory ${dirname(file)} is in use by process ${owner_pid} (${file}): stop it, or set data_dir`,
    );
  if (!serving) return;
  process.kill(server_pid, 'SIGTERM');
  while (alive(server_pid)) await sleep(50);
  logger.warn({ pid: server_pid, lock: file }, 'orphaned embedded redis stopped');
}

/** Asks the Redis on a port for its process id: the id in the lock file may have been reused since. */
async function serverProcess(port: number): Promise<number | undefined> {
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: null, connectTimeout: 2_000 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const [, pid] = /^process_id:(\d+)/m.exec(await redis.info('server')) ?? [];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
