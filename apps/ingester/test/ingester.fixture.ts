import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { type Config, Settings } from '@nightcrier/core/settings/config';
import { type Logger, silentLogger } from '@nightcrier/core/logger';
import { startSimulatedCluster, type SimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { openState as openSharedState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { Ingester } from '../src/app.ts';

interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields: Record<string, unknown>;
}

const redis = { url: '' };

/** One Redis for the test file; each test has its own keys in it. */
export function useRedis(): { readonly url: string } {
  beforeAll(async () => {
    const embedded = await startRedisServer();
    redis.url = embedded.url;
    return () => embedded.stop();
  });
  return redis;
}

export async function simulate(
  options: Partial<Parameters<typeof startSimulatedCluster>[0]> = {},
): Promise<SimulatedCluster> {
  const cluster = await startSimulatedCluster({ name: 'alpha', ...options });
  onTestFinished(() => cluster.stop());
  return cluster;
}

let folder: string | undefined;
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** A triage-enabled cluster as configured, its kubeconfig in a file. */
export async function clusterConfig(cluster: SimulatedCluster, changes: object = {}): Promise<ClusterConfig> {
  folder ??= await mkdtemp(path.join(tmpdir(), 'nightcrier-ingester-'));
  const kubeconfig = path.join(folder, `${randomUUID()}.yaml`);
  await writeFile(kubeconfig, cluster.kubeconfig());
  return ClusterConfig.parse({
    name: cluster.name,
    environment: 'test',
    labels: { region: 'west' },
    mcp: { endpoint: cluster.mcpEndpoint },
    triage: { enabled: true, kubeconfig },
    ...changes,
  });
}

export function configOf(clusters: ClusterConfig[], settings: Record<string, unknown> = {}): Config {
  const key_prefix = `test-${randomUUID()}`;
  return {
    ...Settings.parse({
      sse_reconnect_initial_backoff: 0.1,
      sse_read_timeout: 10,
      poll_interval: 1,
      shutdown_timeout: 10,
      data_dir: path.join(tmpdir(), `nightcrier-${key_prefix}`),
      redis: { url: redis.url, key_prefix },
      ...settings,
    }),
    clusters,
  };
}

/** A running ingester, and what it leaves in Redis. */
export async function startIngester(config: Config) {
  const lines: LogLine[] = [];
  const ingester = new Ingester(config, recordingLogger(lines));
  await ingester.start();
  onTestFinished(() => ingester.stop());
  return { ingester, lines, ...openState(config), active: (name: string) => untilStatus(ingester, name, 'active') };
}

export function openState({ redis: { url = '', key_prefix } }: Config) {
  const connection = connectWorker({ url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(connection));
  const state = openSharedState(connection, { key_prefix, logger: silentLogger });
  const { clusterHealth, incidents, intake } = state;
  return {
    state,
    board: clusterHealth,
    openLeases: (id: string) => state.openLeases({ id }),
    incidents: async () => (await incidents.list({ limit: 100 })).incidents,
    counts: async () => (await intake.read()).total,
    malformed: () => intake.readMalformed(),
    countsOf: async (cluster: string) => (await intake.read()).clusters[cluster],
  };
}

export async function untilStatus(ingester: Ingester, name: string, status: string): Promise<void> {
  const current = () => ingester.health().find((health) => health.name === name)?.status;
  await expect.poll(current, { timeout: 30_000, interval: 10 }).toBe(status);
}

function recordingLogger(lines: LogLine[], bound: object = {}): Logger {
  const at =
    (level: LogLine['level']) =>
    (fields: object, message: string): void =>
      void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}
