import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchedClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { Ingester } from '../../../apps/ingester/src/app.ts';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';

const SYMPTOMS = 100;
/** Pods of one workload: each symptom is one of another workload. */
const STRIDE = 4;
const PATIENCE_MS = 30_000;

/**
 * Watches a cluster with the whole ingester, lets one pod after the other crash, and measures the time until its incident is queued
 * in Redis.
 * @param crash changes a pod
 */
export async function symptomsToIncidents(
  kubeconfig: string,
  crash: (pod: number) => void,
): Promise<{ symptom_to_incident_p50_ms: number; symptom_to_incident_p99_ms: number }> {
  const server = await startRedisServer();
  const data_dir = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
  const redis = { url: server.url, key_prefix: `bench-${randomUUID()}` };
  const cluster = WatchedClusterConfig.parse({
    name: 'bench',
    source: 'kubernetes',
    triage: { enabled: true, kubeconfig },
  });
  // Each symptom is a problem of its own, though all of them begin within a minute.
  const settings = Settings.parse({ data_dir, redis, require_read_only: false, storm_threshold: 0 });
  const ingester = new Ingester({ ...settings, clusters: [cluster] }, silentLogger);
  const connection = connectWorker(redis, silentLogger);
  const { intake } = openState(connection, { key_prefix: redis.key_prefix, logger: silentLogger });
  const until = async (done: () => boolean | Promise<boolean>, what: string): Promise<void> => {
    const end = performance.now() + PATIENCE_MS;
    while (!(await done())) {
      if (performance.now() > end) throw new Error(`timed out: ${what}`);
      await sleep(2);
    }
  };
  try {
    await ingester.start();
    await until(() => ingester.health()[0]?.status === 'active', 'connect');
    const times: number[] = [];
    for (let symptom = 0; symptom < SYMPTOMS; symptom += 1) {
      const began = performance.now();
      crash(symptom * STRIDE);
      await until(async () => (await intake.read()).total.queued > symptom, `incident ${symptom}`);
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const percentile = (part: number): number => Math.round(times[Math.floor(times.length * part)] ?? 0);
    return { symptom_to_incident_p50_ms: percentile(0.5), symptom_to_incident_p99_ms: percentile(0.99) };
  } finally {
    await ingester.stop();
    await disconnect(connection);
    await server.stop();
    await rm(data_dir, { recursive: true, force: true });
  }
}
