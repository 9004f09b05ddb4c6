import { silentLogger } from '@nightcrier/core/logger';
import { auditBooks } from '@nightcrier/core/incidents/books';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectWorker, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import getPort from 'get-port';
import { randomUUID } from 'node:crypto';
import { glob, mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { type RedisServer, startRedisServer } from '../fixtures/redis-server.ts';
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.ts';
import { ChaosProcess } from './processes.ts';

const CLUSTERS = ['cluster-0', 'cluster-1', 'cluster-2'];
/** Planted where secrets belong; none may show anywhere else. */
const PLANTED = { mcp: 'planted-mcp-key-1234', api: 'planted-api-access-key-1234', webhook: 'planted-webhook-1234' };
/** A truncated tail of the append-only file, bytes. */
const TAIL_BYTES = 40;

/** The whole system as processes, with a proxy in front of Redis and of each MCP server. */
export class ChaosSystem {
  readonly folder: string;
  readonly clusters = new Map<string, SimulatedCluster>();
  readonly proxies = new Map<string, TcpProxy>();
  readonly processes = new Map<string, ChaosProcess>();
  readonly #keyPrefix = randomUUID();
  readonly #file: string;
  readonly #inspector: RedisConnection;
  readonly #state: State;
  readonly #redisPort: number;
  readonly #apiPort: number;
  #redis: RedisServer | undefined;
  #revision = 0;

  private constructor(folder: string, redis: RedisServer, apiPort: number) {
    this.folder = folder;
    this.#file = path.join(folder, 'nightcrier.yaml');
    this.#redis = redis;
    this.#apiPort = apiPort;
    this.#redisPort = Number(new URL(redis.url).port);
    this.#inspector = connectWorker({ url: redis.url, key_prefix: this.#keyPrefix }, silentLogger);
    this.#state = openState(this.#inspector, { key_prefix: this.#keyPrefix, logger: silentLogger });
  }

  static async start(): Promise<ChaosSystem> {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-chaos-'));
    const redis = await startRedisServer({ dataDir: path.join(folder, 'redis') });
    const system = new ChaosSystem(folder, redis, await getPort({ host: '127.0.0.1' }));
    system.proxies.set('redis', await startTcpProxy({ host: '127.0.0.1', port: system.#redisPort }));
    for (const name of CLUSTERS) {
      const cluster = await startSimulatedCluster({ name, bearerToken: PLANTED.mcp });
      system.clusters.set(name, cluster);
      const { port } = new URL(cluster.mcpEndpoint);
      system.proxies.set(name, await startTcpProxy({ host: '127.0.0.1', port: Number(port) }));
      await writeFile(path.join(folder, `${name}.kubeconfig`), cluster.kubeconfig(), { mode: 0o600 });
    }
    await system.writeConfig();
    const apps = { ingester: ['ingester-1', 'ingester-2'], 'triage-worker': ['worker-1', 'worker-2'], api: ['api'] };
    for (const [app, names] of Object.entries(apps)) {
      for (const name of names) {
        const own = path.join(folder, name);
        system.processes.set(name, new ChaosProcess(name, app, system.#file, own));
        await mkdir(own);
      }
    }
    for (const started of system.processes.values()) started.start();
    return system;
  }

  /** Writes the configuration; every call changes a label of all clusters. @param mistake makes it invalid */
  async writeConfig(mistake = false): Promise<void> {
    this.#revision += 1;
    const clusters = CLUSTERS.map((name) => ({
      name,
      labels: { revision: String(this.#revision) },
      mcp: { endpoint: `http://127.0.0.1:${this.proxies.get(name)?.port}/mcp`, api_key: PLANTED.mcp },
      triage: { enabled: true, kubeconfig: path.join(this.folder, `${name}.kubeconfig`) },
    }));
    const config = {
      clusters,
      redis: { url: `redis://127.0.0.1:${this.proxies.get('redis')?.port}`, key_prefix: this.#keyPrefix },
      api: { port: this.#apiPort, access_key: PLANTED.api },
      // Relative: each process has its own.
      data_dir: 'data',
      workspace_root: path.join(this.folder, 'incidents'),
      webhook_url: `http://127.0.0.1:9/${PLANTED.webhook}`,
      grouping: 'none',
      global_queue_size: 100_000,
      dedup_window_seconds: 36_000,
      sse_read_timeout: 10,
      sse_reconnect_max_backoff: 3,
      shutdown_timeout: 10,
      ...(mistake && { agnt_timeout: 1 }),
    };
    await writeFile(`${this.#file}.new`, stringify(config), { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
  }

  /** Sends SIGHUP to every process. */
  reload(): void {
    for (const running of this.processes.values()) running.reload();
  }

  signalRedis(signal: NodeJS.Signals): void {
    if (this.#redis?.pid !== undefined) process.kill(this.#redis.pid, signal);
  }

  /** Kills Redis. @param truncated cuts the end of its append-only file, as after a power cut */
  async killRedis(truncated = false): Promise<void> {
    this.signalRedis('SIGKILL');
    await this.#redis?.ended;
    this.#redis = undefined;
    if (!truncated) return;
    for await (const file of glob(path.join(this.folder, 'redis/appendonlydir/*.incr.aof'))) {
      const { size } = await stat(file);
      await truncate(file, Math.max(0, size - TAIL_BYTES));
    }
  }

  async startRedis(): Promise<void> {
    this.#redis ??= await startRedisServer({ dataDir: path.join(this.folder, 'redis'), port: this.#redisPort });
  }

  async incidents(): Promise<Incident[]> {
    return (await this.#state.incidents.list({ limit: 1_000_000 })).incidents;
  }

  /** Returns what is wrong with the books, nothing if they balance. */
  async booksOff(): Promise<string[]> {
    const { off, total } = auditBooks(await this.#state.intake.read());
    return [...off, ...(total.lost > 0 ? [`${total.lost} faults are lost`] : [])];
  }

  /** Returns the answer of the API as text, undefined if it does not answer with 200. */
  async api(route: string): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${PLANTED.api}` };
    const url = `http://127.0.0.1:${this.#apiPort}${route}`;
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    return response?.ok ? response.text() : undefined;
  }

  /** Returns why the system is not at rest: clusters, queue and spools. */
  async unrest(): Promise<string[]> {
    const reasons: string[] = [];
    const health = await this.api('/health/clusters');
    const active = health?.match(/"status":"active"/g)?.length ?? 0;
    if (active < CLUSTERS.length) reasons.push(`${active} of ${CLUSTERS.length} clusters are active`);
    const open = (await this.incidents()).filter(({ state }) => !isFinal(state));
    if (open.length > 0) reasons.push(`${open.length} incidents are open`);
    for await (const file of glob(path.join(this.folder, '*/data/spool/*/*.ndjson'))) {
      if ((await stat(file).catch(() => undefined))?.size)
        reasons.push(`${path.relative(this.folder, file)} is not empty`);
    }
    return reasons;
  }

  /** Returns where a planted secret shows: logs, answers of the API, rows and spools. */
  async leaks(): Promise<string[]> {
    const texts = new Map<string, string | undefined>();
    for (const { name, log } of this.processes.values()) texts.set(`log of ${name}`, log);
    for (const route of ['/health/clusters', '/metrics', '/api/incidents?limit=500', '/api/books']) {
      texts.set(route, await this.api(route));
    }
    texts.set('rows', JSON.stringify(await this.incidents()));
    for await (const file of glob(path.join(this.folder, 'redis/appendonlydir/*'))) {
      texts.set(path.basename(file), await readFile(file, 'latin1').catch(() => ''));
    }
    return [...texts].flatMap(([where, text]) =>
      Object.values(PLANTED)
        .filter((secret) => text?.includes(secret))
        .map((secret) => `${where} shows ${secret}`),
    );
  }

  /** Stops every process with SIGTERM, intake first, and returns what did not end as it should. */
  async stop(): Promise<string[]> {
    for (const running of this.processes.values()) await running.end('SIGTERM');
    return [...this.processes.values()].flatMap(({ unexpected }) => unexpected);
  }

  async dispose(): Promise<void> {
    for (const running of this.processes.values()) {
      running.signal('SIGCONT');
      await running.end('SIGKILL');
    }
    for (const cluster of this.clusters.values()) await cluster.stop();
    for (const proxy of this.proxies.values()) proxy.close();
    await disconnect(this.#inspector);
    this.signalRedis('SIGCONT');
    await this.#redis?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
