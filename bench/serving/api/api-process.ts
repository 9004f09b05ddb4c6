import { silentLogger } from '@nightcrier/core/logger';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { execa } from 'execa';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { reportClusters } from './recorded-state.ts';

const API = path.join(import.meta.dirname, '../../../apps/api/src/main.ts');

export interface ApiProcess {
  url: string;
  /** Keeps its connections. */
  agent: Agent;
  state: State;
  /** Those that an ingester reports. */
  clusters: string[];
}

/** Starts Redis and the API's process, with as many clusters that an ingester reports. Stopped with `resources`. */
export async function startApiProcess(resources: AsyncDisposableStack, clusters: number): Promise<ApiProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
  resources.defer(async () => rm(folder, { recursive: true, force: true }));
  const redis = await startRedisServer();
  resources.defer(async () => redis.stop());
  const port = await freePort();
  const names = Array.from({ length: clusters }, (_, at) => `cluster-${at}`);
  const file = path.join(folder, 'nightcrier.yaml');
  const config = {
    clusters: names.map((name) => ({ name, mcp: { endpoint: 'http://127.0.0.1:1' } })),
    data_dir: path.join(folder, 'data'),
    redis: { url: redis.url, key_prefix: 'bench' },
    api: { port },
  };
  await writeFile(file, JSON.stringify(config));
  const connection = connectWorker(config.redis, silentLogger);
  resources.defer(async () => disconnect(connection));
  const state = openState(connection, { key_prefix: 'bench', logger: silentLogger });
  resources.defer(await reportClusters(state, names));
  const api = execa(process.execPath, [API, '--config', file], {
    ipc: true,
    reject: false,
    stdout: 'ignore',
    stderr: 'ignore',
  });
  resources.defer(async () => {
    api.kill();
    await api;
  });
  await api.getOneMessage({ filter: (message) => message === 'ready' });
  const agent = new Agent({ keepAlive: true });
  resources.defer(() => agent.destroy());
  return { url: `http://127.0.0.1:${port}`, agent, state, clusters: names };
}
