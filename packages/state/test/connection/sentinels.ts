import { type ResultPromise, execa } from 'execa';
import { freePort } from '../../../simulator/src/free-port.ts';
import { Redis } from 'ioredis';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

const PASSWORD = 'of-the-redis-servers';
const SENTINEL_PASSWORD = 'of-the-sentinels';

export interface Replicated extends AsyncDisposable {
  /** Section `redis` of a configuration that names the sentinels. */
  settings: { sentinel: { name: string; hosts: string[] }; password_file: string };
  /** URLs of the servers; the first one is the master. */
  urls: [string, string];
  /** The process ids of the servers, in their order. */
  pids: [number, number];
  sentinelPassword: string;
  /** Makes writes to the master wait, and resolves when the replica has all that the master answered. */
  holdWrites(): Promise<void>;
  /** Has the sentinels promote the replica. */
  failOver(): Promise<void>;
}

/** Starts a master, a replica and three sentinels, which take a master for dead after four seconds. */
export async function startReplicated(): Promise<Replicated> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-sentinel-'));
  const ports = await Promise.all(Array.from({ length: 5 }, async () => freePort()));
  const [master = 0, replica = 0, ...sentinels] = ports;
  const started: ResultPromise[] = [];
  const start = async (name: string, command: string, lines: string[]): Promise<number> => {
    const file = path.join(folder, `${name}.conf`);
    await writeFile(
      file,
      `${lines.join('\n')}\ndir ${folder}\nbind 127.0.0.1\nprotected-mode no\nlogfile ${folder}/${name}.log\n`,
    );
    const child = execa(command, [file], { reject: false, stdio: 'ignore' });
    started.push(child);
    return child.pid ?? 0;
  };
  const auth = [`requirepass ${PASSWORD}`, `masterauth ${PASSWORD}`, 'save ""', 'repl-diskless-sync-delay 0'];
  const pids: [number, number] = [
    await start('master', 'redis-server', [`port ${master}`, ...auth]),
    await start('replica', 'redis-server', [`port ${replica}`, `replicaof 127.0.0.1 ${master}`, ...auth]),
  ];
  for (const [at, port] of sentinels.entries()) {
    await start(`sentinel-${at}`, 'redis-sentinel', [
      `port ${port}`,
      `requirepass ${SENTINEL_PASSWORD}`,
      `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
      `sentinel monitor mymaster 127.0.0.1 ${master} 2`,
      `sentinel auth-pass mymaster ${PASSWORD}`,
      'sentinel down-after-milliseconds mymaster 4000',
      'sentinel failover-timeout mymaster 5000',
    ]);
  }
  const urls: [string, string] = [
    `redis://:${PASSWORD}@127.0.0.1:${master}`,
    `redis://:${PASSWORD}@127.0.0.1:${replica}`,
  ];
  const connect = (url: string): Redis => {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    return redis;
  };
  const [onMaster, onReplica] = [connect(urls[0]), connect(urls[1])];
  const onSentinel = connect(`redis://:${SENTINEL_PASSWORD}@127.0.0.1:${sentinels[0]}`);
  await expect.poll(async () => onReplica.info('replication'), { timeout: 90_000 }).toContain('master_link_status:up');
  await expect
    .poll(async () => JSON.stringify(await onSentinel.call('SENTINEL', 'MASTER', 'mymaster')), { timeout: 90_000 })
    .toMatch(/"num-slaves","1","num-other-sentinels","2"/);
  const passwordFile = path.join(folder, 'password');
  await writeFile(passwordFile, PASSWORD, { mode: 0o600 });
  return {
    settings: {
      sentinel: { name: 'mymaster', hosts: sentinels.map((port) => `127.0.0.1:${port}`) },
      password_file: passwordFile,
    },
    urls,
    pids,
    sentinelPassword: SENTINEL_PASSWORD,
    async holdWrites() {
      await onMaster.call('CLIENT', 'PAUSE', '60000', 'WRITE');
      const offset = async (redis: Redis, field: string): Promise<string | undefined> =>
        new RegExp(`^${field}:(\\d+)`, 'm').exec(await redis.info('replication'))?.[1];
      const behind = async (): Promise<boolean> =>
        (await offset(onMaster, 'master_repl_offset')) !== (await offset(onReplica, 'slave_repl_offset'));
      await expect.poll(behind, { timeout: 90_000 }).toBe(false);
    },
    async failOver() {
      await onSentinel.call('SENTINEL', 'FAILOVER', 'mymaster');
    },
    async [Symbol.asyncDispose]() {
      for (const redis of [onMaster, onReplica, onSentinel]) redis.disconnect();
      for (const child of started) child.kill('SIGKILL');
      await Promise.all(started);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
