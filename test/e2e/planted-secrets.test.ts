import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { silentLogger } from '@nightcrier/core/logger';
import { Secret } from '@nightcrier/core/settings/secret';
import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { createServer, type Server } from 'node:http';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startRedisServer } from '../fixtures/redis-server.ts';

const CLI = path.join(import.meta.dirname, '../../apps/cli/src/main.ts');

/** What the configuration contains, by setting. */
const PLANTED = {
  api_key: 'planted-mcp-key-1f0c',
  header: 'planted-header-9a3e',
  endpoint: 'planted-endpoint-77bd',
  webhook: 'planted-webhook-path-e2c4',
  webhook_secret: 'planted-webhook-secret-5b1d',
  slack: 'xoxb-planted-slack-token-0c9f',
  provider: 'planted-provider-key-a41b',
  access: 'planted-access-key-c3d2',
  redis: 'planted-redis#password-8e41',
  kubeconfig: 'planted-kubeconfig-token-6d27',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An MCP server that repeats what it was sent in its errors, as proxies and debug pages do. */
async function startEcho(): Promise<Server> {
  const server = createServer((request, response) => {
    response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(`cannot handle ${request.url} with ${JSON.stringify(request.headers)}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the server does not listen');
  return address.port;
}

async function filesIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

/** Everything in a Redis. */
async function dump(url: string): Promise<string> {
  const redis = connectWorker({ url, key_prefix: 'nightcrier', password: new Secret(PLANTED.redis) }, silentLogger);
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map(async (key) => redis.dump(key)));
  const hashes = await Promise.all(keys.map(async (key) => redis.hgetall(key).catch(() => ({}))));
  await disconnect(redis);
  return JSON.stringify([keys, hashes, values]);
}

/** A Redis with a password. */
async function startProtectedRedis(): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = await startRedisServer();
  onTestFinished(() => server.stop());
  const admin = connectWorker({ url: server.adminUrl, key_prefix: 'unused' }, silentLogger);
  await admin.call('CONFIG', 'SET', 'requirepass', PLANTED.redis);
  await disconnect(admin);
  return { url: server.adminUrl, stop: () => server.stop() };
}

/** A cluster that works, and its kubeconfig outside of the folder that is searched. */
async function startWorkingCluster(): Promise<{ cluster: SimulatedCluster; kubeconfig: string }> {
  const users = { [PLANTED.kubeconfig]: 'read-only' } as const;
  const cluster = await startSimulatedCluster({ name: 'east', users });
  const outside = await mkdtemp(path.join(tmpdir(), 'nightcrier-secrets-kubeconfig-'));
  onTestFinished(async () => {
    await cluster.stop();
    await rm(outside, { recursive: true, force: true });
  });
  const kubeconfig = path.join(outside, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
  expect(await readFile(kubeconfig, 'utf8')).toContain(PLANTED.kubeconfig);
  return { cluster, kubeconfig };
}

test('no secret of the configuration reaches a log, an answer of the API, Redis or a file, in a run with an incident and an outage', async () => {
  const echo = await startEcho();
  const redis = await startProtectedRedis();
  const { cluster, kubeconfig } = await startWorkingCluster();
  const config = path.join(folder, 'nightcrier.yaml');
  const port = await freePort();
  await writeFile(
    config,
    JSON.stringify({
      log_level: 'debug',
      redis: { url: redis.url, password: PLANTED.redis },
      api: { port, access_key: PLANTED.access },
      data_dir: path.join(folder, 'data'),
      workspace_root: path.join(folder, 'incidents'),
      anthropic_api_key: PLANTED.provider,
      slack_bot_token: PLANTED.slack,
      slack_channel: 'C0123456789',
      slack_api_url: `http://127.0.0.1:${portOf(echo)}/api`,
      webhook_url: `http://127.0.0.1:${portOf(echo)}/${PLANTED.webhook}`,
      webhook_secret: PLANTED.webhook_secret,
      clusters: [
        {
          name: 'west',
          mcp: {
            endpoint: `http://127.0.0.1:${portOf(echo)}/mcp?key=${PLANTED.endpoint}`,
            api_key: PLANTED.api_key,
            headers: { 'x-extra': PLANTED.header },
          },
        },
        { name: 'east', mcp: { endpoint: cluster.mcpEndpoint }, triage: { enabled: true, kubeconfig } },
      ],
    }),
    { mode: 0o600 },
  );
  const up = execa(process.execPath, [CLI, 'up', '--config', config], { cwd: folder, all: true, reject: false });
  onTestFinished(() => void up.kill('SIGKILL'));
  let log = '';
  up.all.on('data', (chunk) => (log += String(chunk)));
  const get = async (route: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${route}`, {
      headers: { authorization: `Bearer ${PLANTED.access}` },
    });
    return response.text();
  };
  const health = async (): Promise<string> => get('/health/clusters').catch(() => '');
  await expect.poll(health, { timeout: 60_000, interval: 200 }).toContain('"status":"failed"');

  await expect.poll(health, { timeout: 60_000, interval: 200 }).toContain('"status":"active"');
  await cluster.run('crash-loop-back-off');
  const incidents = async (): Promise<string> => get('/api/incidents');
  await expect.poll(incidents, { timeout: 60_000, interval: 200 }).toContain('"state":"reported"');
  const [, id = ''] = /"incident_id":"([^"]+)"/.exec(await incidents()) ?? [];
  const routes = ['/health/clusters', '/metrics', '/api/incidents', '/api/books', '/readyz', '/api/queue'];
  const ofIncident = [`/api/incidents/${id}`, `/api/incidents/${id}/report`];
  const answers = await Promise.all([...routes, ...ofIncident].map(get));
  const unauthorized = await fetch(`http://127.0.0.1:${port}/nowhere?token=${PLANTED.access}`).then((answer) =>
    answer.text(),
  );
  const rows = await dump(redis.url);
  await redis.stop();
  await expect.poll(() => log, { timeout: 30_000 }).toContain('redis disconnected');
  const duringOutage = await health();
  up.kill('SIGTERM');
  const { all } = await up;
  const validated = await execa(process.execPath, [CLI, 'validate', config], { cwd: folder, all: true, reject: false });
  await rm(config);
  const outputs = {
    all,
    answers: answers.join('\n'),
    duringOutage,
    unauthorized,
    rows,
    validated: validated.all,
    files: await filesIn(folder),
  };

  // The error that repeats the request did arrive, so that this test cannot pass without one.
  expect(outputs.answers).toContain('[secret]');
  expect(all).toContain('[secret]');
  for (const [output, text] of Object.entries(outputs)) {
    const found = Object.entries(PLANTED).filter(([, secret]) => text.includes(secret));
    expect({ output, found }).toEqual({ output, found: [] });
  }
}, 180_000);

test('a token file with two lines is refused, and none of its lines is printed', async () => {
  const token = path.join(folder, 'token');
  await writeFile(token, 'planted-first-line-1d2c\nplanted-second-line-3b4a\n', { mode: 0o600 });
  const config = path.join(folder, 'nightcrier.yaml');
  await writeFile(
    config,
    JSON.stringify({ clusters: [{ name: 'west', mcp: { endpoint: 'http://127.0.0.1:1', api_key_file: token } }] }),
  );
  const { all, exitCode } = await execa(process.execPath, [CLI, 'up', '--config', config], {
    cwd: folder,
    all: true,
    reject: false,
    timeout: 60_000,
  });
  expect(exitCode).not.toBe(0);
  expect(all).toContain(token);
  expect(all).toContain('line break');
  expect(all).not.toMatch(/planted-(first|second)-line/);
}, 180_000);

test('a password of Redis that is not percent-encoded is refused without being printed', async () => {
  const config = path.join(folder, 'nightcrier.yaml');
  const clusters = [{ name: 'west', mcp: { endpoint: 'http://127.0.0.1:1' } }];
  await writeFile(config, JSON.stringify({ redis: { url: 'redis://:planted#password@127.0.0.1:6379' }, clusters }));
  const { all, exitCode } = await execa(process.execPath, [CLI, 'up', '--config', config], {
    cwd: folder,
    all: true,
    reject: false,
    timeout: 60_000,
  });
  expect(exitCode).not.toBe(0);
  expect(all).toContain('redis.url');
  expect(all).not.toMatch(/planted|password@/);
}, 180_000);
