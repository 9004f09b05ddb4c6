import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@nightcrier/core/logger';
import { openState } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { z } from 'zod';
import { startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { round } from '../../../figures.ts';
import { HealthLog } from './health-log.ts';
import { compile, cpuOf, rssOf, startApp, startServers, validate } from './processes.ts';

const INGESTERS = 4;
const FAULTS_PER_SECOND = 50;
const IDLE_MS = 10_000;
/** A process that has died shows within this time, and a cluster that is added is active within this time, seconds. */
const PATIENCE_S = 120;

const Account = z.object({
  reached: z.number(),
  lost: z.number(),
  sessions: z.number(),
  sessions_without_stream: z.number(),
});

/**
 * Measures some thousand clusters over four ingester processes and one API process, with a stream of numbered faults: the start,
 * a reload that adds a cluster, an ingester that is killed, and large answers that are asked for at once.
 */
export async function measureMany(size: number, progress: (text: string) => void): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
  const redis = await startRedisServer();
  const servers = startServers();
  const running: ChildProcess[] = [servers];
  try {
    const { port } = z.object({ port: z.number() }).parse((await once(servers, 'message'))[0]);
    const apiPort = await freePort();
    const file = path.join(directory, 'nightcrier.yaml');
    const configure = (clusters: number): Promise<void> =>
      writeConfig(file, { clusters, port, apiPort, redis: redis.url, directory });
    await configure(size);
    await compile();
    const url = `http://127.0.0.1:${apiPort}`;
    const figures: Record<string, unknown> = { clusters: size, validate_s: round(await validate(file)) };
    progress(`validate: ${String(figures.validate_s)} s`);

    running.push(startApp('api', file, path.join(directory, 'api.log')));
    const log = new HealthLog(`${url}/health/clusters`);
    await log.untilReadable();
    const begun = performance.now();
    const ingesters = Array.from({ length: INGESTERS }, (_, index) =>
      startApp('ingester', file, path.join(directory, `ingester-${index}.log`)),
    );
    running.push(...ingesters);
    await log.until(({ active }) => active === size, 'all clusters are active', 600);
    figures.all_active_s = round((performance.now() - begun) / 1_000);
    progress(`all active: ${String(figures.all_active_s)} s`);

    await sleep(IDLE_MS);
    figures.rss_mb_sum = Math.round(sum(await Promise.all(ingesters.map(rssOf))));
    const cpu = sum(await Promise.all(ingesters.map(cpuOf)));
    await sleep(IDLE_MS);
    const used = sum(await Promise.all(ingesters.map(cpuOf))) - cpu;
    figures.idle_cpu_percent_each = round((used * 100_000) / IDLE_MS / INGESTERS);
    progress(
      `memory: ${String(figures.rss_mb_sum)} MB; idle: ${String(figures.idle_cpu_percent_each)} % of a core each`,
    );
    const connected = await account(servers);
    figures.sessions_without_stream = connected.sessions_without_stream;

    servers.send({ order: 'send', perSecond: FAULTS_PER_SECOND });
    log.reset();
    const reloadedAt = performance.now();
    await configure(size + 1);
    await log.until(({ active }) => active === size + 1, 'the added cluster is active', PATIENCE_S);
    figures.reload_active_s = round((performance.now() - reloadedAt) / 1_000);
    const reload = log.result();
    figures.reload_longest_inactive_s = round(reload.longest / 1_000);
    figures.reload_clusters_that_fell = reload.fell;
    progress(`reload: ${JSON.stringify(reload)}`);

    Object.assign(figures, await readAtOnce(url, size + 1));
    progress(`read at once: ${String(figures.health_whole)} and ${String(figures.metrics_whole)} whole`);

    const [victim] = ingesters;
    const owner = log.owners.find((one) => one.includes(`-${victim?.pid}-`)) ?? '';
    log.reset();
    const killedAt = performance.now();
    victim?.kill('SIGKILL');
    await log.until((one) => one.activeOf(owner) === 0, 'the dead ingester shows', PATIENCE_S);
    figures.kill_shown_after_s = round((performance.now() - killedAt) / 1_000);
    await log.until(({ active }) => active === size + 1, 'all clusters are active again', PATIENCE_S);
    figures.kill_longest_unwatched_s = round((performance.now() - killedAt) / 1_000);
    const kill = log.result();
    figures.kill_longest_inactive_s = round(kill.longest / 1_000);
    figures.kill_clusters_that_fell = kill.fell;
    const { kill_shown_after_s: shown, kill_longest_unwatched_s: unwatched } = figures;
    progress(`kill -9: ${JSON.stringify(kill)}, shown after ${String(shown)} s; unwatched for ${String(unwatched)} s`);
    await log.stop();

    const sent = await account(servers);
    Object.assign(figures, await books(redis.url, sent));
    return figures;
  } finally {
    for (const child of running) child.kill('SIGKILL');
    await redis.stop();
    if (process.env.KEEP_LOGS) progress(`logs: ${directory}`);
    else await rm(directory, { recursive: true, force: true });
  }
}

async function account(servers: ChildProcess): Promise<z.infer<typeof Account>> {
  servers.send({ order: 'account' });
  return Account.parse((await once(servers, 'message'))[0]);
}

/** Compares what the servers have delivered with the books. A fault that two ingesters received counts once. */
async function books(url: string, sent: z.infer<typeof Account>): Promise<Record<string, unknown>> {
  const redis = connectProducer({ url, key_prefix: 'nightcrier' }, silentLogger);
  try {
    await once(redis, 'ready');
    const state = openState(redis, { key_prefix: 'nightcrier', logger: silentLogger });
    let { total } = await state.intake.read();
    // Ingesters admit what they have received before they answer for it; on a busy machine, from their spools.
    const begun = performance.now();
    while (total.received - total.deduplicated < sent.reached && performance.now() - begun < PATIENCE_S * 1_000) {
      await sleep(500);
      ({ total } = await state.intake.read());
    }
    const counted = total.received - total.deduplicated;
    return {
      faults_reached: sent.reached,
      faults_possibly_received: sent.lost,
      faults_in_books: counted,
      books_complete_after_s: round((performance.now() - begun) / 1_000),
      lost: total.lost,
      faults_missing: Math.max(0, sent.reached - counted),
      faults_doubled: Math.max(0, counted - sent.reached - sent.lost),
    };
  } finally {
    await disconnect(redis);
  }
}

/** Asks for the health 40 times and for the metrics 5 times at once. */
async function readAtOnce(url: string, size: number): Promise<Record<string, unknown>> {
  const began = performance.now();
  const health = Array.from({ length: 40 }, async () => {
    const answer = await fetch(`${url}/health/clusters`);
    const { clusters } = z.object({ clusters: z.array(z.unknown()) }).parse(await answer.json());
    return answer.status === 200 && clusters.length === size;
  });
  const metrics = Array.from({ length: 5 }, async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text.includes('nightcrier_redis_up 1') && text.split('\nnightcrier_cluster_up{').length === size + 1;
  });
  const count = async (all: Promise<boolean>[]): Promise<number> => {
    const answers = await Promise.all(all.map((one) => one.catch(() => false)));
    return answers.filter(Boolean).length;
  };
  const [health_whole, metrics_whole] = await Promise.all([count(health), count(metrics)]);
  return { health_whole, metrics_whole, read_at_once_s: round((performance.now() - began) / 1_000) };
}

async function writeConfig(
  file: string,
  options: { clusters: number; port: number; apiPort: number; redis: string; directory: string },
): Promise<void> {
  const { clusters, port, apiPort, redis, directory } = options;
  const lines = Array.from({ length: clusters }, (_, index) =>
    [
      `  - name: cluster-${index}`,
      `    labels: { region: r${index % 7} }`,
      `    mcp: { endpoint: 'http://127.0.0.1:${port}/cluster-${index}/mcp' }`,
      `    triage: { enabled: false }`,
    ].join('\n'),
  );
  const head = [
    `data_dir: ${directory}/data`,
    'subscribe_mode: faults',
    'severity_threshold: info',
    `redis: { url: '${redis}', key_prefix: nightcrier }`,
    `api: { port: ${apiPort} }`,
  ];
  await writeFile(`${file}.new`, `${[...head, 'clusters:', ...lines].join('\n')}\n`);
  await rename(`${file}.new`, file);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
