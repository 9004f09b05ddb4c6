import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';

const APPS = path.join(import.meta.dirname, '../..');
const CLUSTERS = [{ name: 'west', mcp: { endpoint: 'http://127.0.0.1:9/mcp' }, triage: { enabled: false } }];

let folder: string;
let file: string;
let redis: RedisServer;
/** Its port is in use. */
let server: Server;
let port: number;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-last-lines-'));
  file = path.join(folder, 'file');
  await writeFile(file, '');
  redis = await startRedisServer();
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => {
  server.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

let runs = 0;

/** Runs a process that cannot start. Returns the last line that it printed, and its exit code. */
async function run(name: string, config: object, words: string[] = []): Promise<{ exitCode?: number; last: string }> {
  runs += 1;
  const configFile = path.join(folder, `config-${runs}.yaml`);
  const own = { data_dir: path.join(folder, `data-${runs}`), workspace_root: path.join(folder, `incidents-${runs}`) };
  await writeFile(configFile, JSON.stringify({ clusters: CLUSTERS, api: { port: 0 }, ...own, ...config }));
  const script = name === 'up' ? [path.join(APPS, 'cli/src/main.ts'), 'up'] : [path.join(APPS, name, 'src/main.ts')];
  const { exitCode, all } = await execa(process.execPath, [...script, '--config', configFile, ...words], {
    cwd: folder,
    reject: false,
    all: true,
    timeout: 50_000,
    killSignal: 'SIGKILL',
    env: { PATH: process.env.PATH },
    extendEnv: false,
  });
  const last = all.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) return { exitCode, last };
  const { cause, exit_code }: { cause?: string; exit_code?: number } = JSON.parse(last);
  expect(exit_code).toBe(exitCode);
  return { exitCode, last: cause ?? last };
}

const withRedis = (config: object): object => ({ redis: { url: redis.url, key_prefix: `last-${runs}` }, ...config });

test.each<[what: string, exitCode: number, last: RegExp, attempts: () => [string, object, string[]?][]]>([
  [
    'an unknown flag',
    64,
    /unknown option '--agnt-timeout'.*\(Did you mean --agent-timeout\?\)$/,
    () => [['up', {}, ['--agnt-timeout', '3']]],
  ],
  [
    'an invalid configuration',
    78,
    /unknown key "agent_timout"; did you mean "agent_timeout"\?$/,
    () => [['gateway', { agent_timout: 3 }]],
  ],
  [
    'no port for the metrics of each process',
    78,
    /^metrics\.port: with --processes, ingester, triage-worker use .* at most 65534, got 65535$/,
    () => [['up', withRedis({ metrics: { port: 65_535 } }), ['--processes']]],
  ],
  ['no Redis', 78, /^redis\.url is not set/, () => [['ingester', {}]]],
  [
    'an address in use',
    69,
    /on 127\.0\.0\.1:\d+: free the port, or set (api|alerts|metrics)\.host/,
    () => [
      ['api', withRedis({ api: { port } })],
      ['ingester', withRedis({ alerts: { port } })],
    ],
  ],
  [
    'a directory on a file system that takes none',
    73,
    /^(data_dir|workspace_root): \/proc\/nightcrier\S* cannot be used: the file system takes no new directories/,
    () => [
      ['triage-worker', withRedis({ workspace_root: '/proc/nightcrier/incidents' })],
      ['up', { data_dir: '/proc/nightcrier' }],
    ],
  ],
  [
    'a file in place of a directory',
    73,
    /(data_dir|workspace_root): \S+file\S* cannot be used: a (part of the path is not a directory|file is in its place)/,
    () => [
      ['gateway', withRedis({ data_dir: file })],
      ['up', withRedis({ workspace_root: file }), ['--processes']],
    ],
  ],
])(
  'with %s, the last line says why and the exit code is %i',
  { timeout: 120_000 },
  async (_what, exitCode, last, attempts) => {
    for (const [name, config, words] of attempts()) {
      expect({ name, ...(await run(name, config, words)) }).toEqual({
        name,
        exitCode,
        last: expect.stringMatching(last),
      });
    }
  },
);
