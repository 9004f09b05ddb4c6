import { execa, type ResultPromise } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { nativeKind, NEEDS_NATIVE } from '../../../test/fixtures/redis-server.ts';

const CLI = path.join(import.meta.dirname, '../src/main.ts');
const patience = { timeout: 60_000 };
const CLUSTERS = [{ name: 'west', mcp: { endpoint: 'http://127.0.0.1:9/mcp' }, triage: { enabled: false } }];

let folder: string;
let port: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-up-'));
  port = await freePort();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Running {
  process: ResultPromise<{ reject: false; all: true }>;
  log(): string;
}

/** Starts `nightcrier up` with a configuration of its own. */
async function up(config: object = {}, words: string[] = [], environment: object = {}): Promise<Running> {
  await writeFile(path.join(folder, 'nightcrier.yaml'), stringify({ clusters: CLUSTERS, api: { port }, ...config }));
  const running = execa(process.execPath, [CLI, 'up', ...words], {
    cwd: folder,
    reject: false,
    // A busy machine stops it more slowly than execa waits by default.
    forceKillAfterDelay: false,
    all: true,
    env: { PATH: process.env.PATH, ...environment },
    extendEnv: false,
  });
  onTestFinished(() => void running.kill('SIGKILL'));
  let log = '';
  running.all.on('data', (chunk) => (log += String(chunk)));
  return { process: running, log: () => log };
}

/** Process ids of the processes that a process has started. */
async function childrenOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
}

const started = (running: Running): Promise<void> =>
  expect.poll(() => running.log(), patience).toContain('"msg":"system started"');

describe('nightcrier up', () => {
  test('runs all parts in one process, logs one JSON stream that names them, and stops intake first', async () => {
    const running = await up();
    await started(running);
    await expect.poll(() => running.log(), patience).toContain('"process":"ingester"');
    running.process.kill('SIGTERM');
    expect((await running.process).exitCode).toBe(0);
    const lines: { process: string; msg: string }[] = running
      .log()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(new Set(lines.map((line) => line.process))).toEqual(new Set(['up', 'api', 'triage-worker', 'ingester']));
    const stopped = lines.filter(({ msg }) => msg === 'part stopped').map((line) => line.process);
    expect(stopped).toEqual(['ingester', 'triage-worker', 'api']);
  });

  test.skipIf(!nativeKind)(
    `starts no process but Redis and its watcher${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`,
    async () => {
      const running = await up();
      await started(running);
      expect(await childrenOf(running.process.pid!)).toHaveLength(2);
    },
  );

  test('runs three processes with --processes, still with one JSON stream', async () => {
    let [first, second] = [await freePort(), await freePort()];
    while (second !== first + 1) [first, second] = [second, await freePort()];
    const running = await up({ metrics: { port: first } }, ['--processes']);
    await started(running);
    await expect.poll(() => running.log().match(/"msg":"metrics server started"/g), patience).toHaveLength(2);
    running.process.kill('SIGTERM');
    expect((await running.process).exitCode).toBe(0);
    const lines: { process: string; msg: string; pid?: number; url?: string }[] = running
      .log()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    const pids = lines.filter(({ msg }) => msg === 'process started').map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(3);
    const metrics = lines.filter(({ msg }) => msg === 'metrics server started').map((line) => [line.process, line.url]);
    expect(Object.fromEntries(metrics)).toEqual({
      ingester: `http://127.0.0.1:${first}`,
      'triage-worker': `http://127.0.0.1:${second}`,
    });
    const stopped = lines.filter(({ msg }) => msg === 'process stopped').map((line) => line.process);
    expect(stopped).toEqual(['ingester', 'triage-worker', 'api']);
  });

  test.each([[[]], [['--processes']]])(
    'watches clusters and takes SIGTERM while Redis is unreachable %j',
    async (words) => {
      const running = await up({ redis: { url: `redis://127.0.0.1:${await freePort()}` } }, words);
      await expect.poll(() => running.log(), patience).toContain('"msg":"cluster connection changed"');
      expect(running.log()).not.toContain('"msg":"system started"');
      running.process.kill('SIGTERM');
      expect((await running.process).exitCode).toBe(0);
    },
  );

  test('goes on when the reader of its log goes away', async () => {
    const running = await up();
    await started(running);
    running.process.stdout.destroy();
    running.process.stderr.destroy();
    running.process.kill('SIGHUP');
    // Each reload is a line of the log.
    await writeFile(
      path.join(folder, 'nightcrier.yaml'),
      stringify({ clusters: [...CLUSTERS, { ...CLUSTERS[0], name: 'east' }], api: { port } }),
    );
    const names = async (): Promise<string[]> => {
      const health = await fetch(`http://127.0.0.1:${port}/health/clusters`);
      return z
        .object({ clusters: z.array(z.object({ name: z.string() })) })
        .parse(await health.json())
        .clusters.map(({ name }) => name);
    };
    await expect.poll(names, patience).toEqual(['west', 'east']);
    running.process.kill('SIGTERM');
    expect((await running.process).exitCode).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)('starts without HOME, as a user without a name', async () => {
    // Its default kubeconfig would be in the home directory.
    await chmod(folder, 0o755);
    const { exitCode, stderr } = await execa(
      process.execPath,
      [CLI, 'up', '--mcp-endpoint', 'http://127.0.0.1:9/mcp'],
      {
        cwd: folder,
        reject: false,
        env: { PATH: process.env.PATH },
        extendEnv: false,
        uid: 54_321,
        gid: 54_321,
      },
    );
    expect([exitCode, stderr]).toEqual([78, expect.stringContaining('/.kube/config is not a readable file')]);
  });
});

describe('exit codes of nightcrier up', () => {
  test('78 for a configuration that is invalid', async () => {
    const { process: ended } = await up({ agent_timout: 3 });
    expect(await ended).toMatchObject({ exitCode: 78, all: expect.stringContaining('did you mean "agent_timeout"?') });
  });

  test('69 for an address that is in use', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { process: ended } = await up();
    expect(await ended).toMatchObject({
      exitCode: 69,
      all: expect.stringContaining(`cannot listen on 127.0.0.1:${port}`),
    });
  });

  test.skipIf(!nativeKind)('73 for a data directory that another system uses', async () => {
    const first = await up();
    await started(first);
    port = await freePort();
    const second = await up();
    expect(await second.process).toMatchObject({ exitCode: 73, all: expect.stringContaining('is in use by process') });
    expect(await readdir(path.join(folder, '.nightcrier/redis'))).toContain('embedded-redis.lock');
  });

  test('1 when a process of it dies, and the last line says which', async () => {
    const running = await up({}, ['--processes']);
    await started(running);
    const [, pid = ''] = /"process":"ingester"[^\n]*"pid":(\d+)[^\n]*"msg":"process started"/.exec(running.log()) ?? [];
    process.kill(Number(pid), 'SIGKILL');
    expect((await running.process).exitCode).toBe(1);
    expect(JSON.parse(running.log().trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      msg: 'system failed',
      cause: expect.stringMatching(/^ingester ended: .*SIGKILL/),
      exit_code: 1,
    });
  });

  test('64 for an unknown flag', async () => {
    const { process: ended } = await up({}, ['--agnt-timeout', '30']);
    expect((await ended).exitCode).toBe(64);
  });
});
