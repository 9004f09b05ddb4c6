import { silentLogger } from '@nightcrier/core/logger';
import { auditBooks } from '@nightcrier/core/incidents/books';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectWorker, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import { Secret } from '@nightcrier/core/settings/secret';
import { freePort } from '@nightcrier/simulator/free-port';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.ts';
import { AGENT_LIMITS, AgentRecords } from './agents.ts';
import { ContainerAgents } from './container-agents.ts';
import { canMount, SmallDisk } from './disks.ts';
import { ChaosEngine, type EngineSetup } from './engine.ts';
import { PLANTED } from './secrets.ts';
import { ChaosProcess } from './processes.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { ReplicatedRedis } from './replicated-redis.ts';
import { SingleRedis } from './single-redis.ts';

const CLUSTERS = ['cluster-0', 'cluster-1', 'cluster-2'];
/** A worker on another machine, as far as the others can see. */
const ELSEWHERE = 'worker-2';
const APPS = { ingester: ['ingester-1', 'ingester-2'], 'triage-worker': ['worker-1', 'worker-2'], api: ['api'] };
/** Sizes of disks, MB. */
const DISKS = { 'ingester-1': 8, 'ingester-2': 8, workspaces: 128, redis: 128 };

type ChaosRedis = SingleRedis | ReplicatedRedis;

interface Parts {
  folder: string;
  redis: ChaosRedis;
  apiPort: number;
  receiver: Receiver;
  agents: AgentRecords | ContainerAgents;
  engine: ChaosEngine | undefined;
  logLevel: string;
}

interface ChaosSetup {
  replicated: boolean;
  /** For agents in containers. */
  engine?: EngineSetup;
  logLevel: string;
}

/** The whole system as processes, with a proxy in front of each MCP server, and of a single Redis. */
export class ChaosSystem {
  readonly folder: string;
  readonly redis: ChaosRedis;
  readonly clusters = new Map<string, SimulatedCluster>();
  readonly proxies = new Map<string, TcpProxy>();
  readonly processes = new Map<string, ChaosProcess>();
  readonly disks = new Map<string, SmallDisk>();
  readonly agents: AgentRecords | ContainerAgents;
  /** With agents in containers. */
  readonly engine: ChaosEngine | undefined;
  readonly receiver: Receiver;
  readonly state: State;
  readonly #keyPrefix = randomUUID();
  readonly #file: string;
  readonly #inspector: RedisConnection;
  readonly #apiPort: number;
  readonly #logLevel: string;
  #revision = 0;

  private constructor({ folder, redis, apiPort, receiver, agents, engine, logLevel }: Parts) {
    this.#logLevel = logLevel;
    this.folder = folder;
    this.redis = redis;
    this.receiver = receiver;
    this.agents = agents;
    this.engine = engine;
    this.#file = path.join(folder, 'nightcrier.yaml');
    this.#apiPort = apiPort;
    const own = { key_prefix: this.#keyPrefix };
    const address = redis.kind === 'single' ? redis.direct : { ...redis.settings, password: new Secret(PLANTED.redis) };
    this.#inspector = connectWorker({ ...address, ...own }, silentLogger);
    this.state = openState(this.#inspector, { ...own, logger: silentLogger });
  }

  static async start({ replicated, engine, logLevel }: ChaosSetup): Promise<ChaosSystem> {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-chaos-'));
    const disks = new Map<string, SmallDisk>();
    for (const [name, size] of Object.entries(DISKS)) {
      const own = name.startsWith('ingester') ? path.join(name, 'data') : name;
      disks.set(name, await SmallDisk.create(path.join(folder, own), size));
    }
    const redisFolder = path.join(folder, 'redis');
    const system = new ChaosSystem({
      folder,
      redis: replicated
        ? await ReplicatedRedis.start(redisFolder, PLANTED.redis)
        : await SingleRedis.start(redisFolder),
      apiPort: await freePort(),
      receiver: await startReceiver(),
      agents: engine ? await ContainerAgents.open(folder) : await AgentRecords.open(folder),
      engine: engine && (await ChaosEngine.start(engine)),
      logLevel,
    });
    for (const [name, disk] of disks) system.disks.set(name, disk);
    if (system.redis.kind === 'single') system.proxies.set('redis', system.redis.proxy);
    for (const name of CLUSTERS) {
      const cluster = await startSimulatedCluster({ name, bearerToken: PLANTED.mcp });
      system.clusters.set(name, cluster);
      const { port } = new URL(cluster.mcpEndpoint);
      system.proxies.set(name, await startTcpProxy({ host: '127.0.0.1', port: Number(port) }));
      await writeFile(path.join(folder, `${name}.kubeconfig`), cluster.kubeconfig(), { mode: 0o600 });
    }
    await system.writeConfig();
    for (const [app, names] of Object.entries(APPS)) {
      for (const name of names) {
        const own = path.join(folder, name);
        const isElsewhere = canMount && name === ELSEWHERE;
        const environment = system.engine?.environment ?? {};
        const place = { file: system.#file, folder: own, isElsewhere, environment };
        system.processes.set(name, new ChaosProcess(name, app, place));
        await mkdir(own, { recursive: true });
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
      redis: {
        ...this.redis.settings,
        ...(this.redis.kind === 'replicated' && { password: PLANTED.redis }),
        key_prefix: this.#keyPrefix,
      },
      api: { port: this.#apiPort, access_key: PLANTED.api },
      // Relative: each process has its own.
      data_dir: 'data',
      workspace_root: path.join(this.folder, 'workspaces'),
      webhook_url: `http://127.0.0.1:${this.receiver.port}/${PLANTED.webhook}`,
      log_level: this.#logLevel,
      agent_cli: 'claude',
      ...(this.agents instanceof AgentRecords && { agent_script_path: this.agents.script }),
      ...(this.agents instanceof ContainerAgents && { agent_system_prompt_file: this.agents.prompt }),
      ...this.engine?.settings,
      anthropic_api_key: PLANTED.model,
      agent_fallback: [],
      failure_threshold_for_alert: 0,
      kube_access: 'direct',
      llm_access: 'direct',
      max_concurrent_agents: AGENT_LIMITS.total,
      max_agents_per_cluster: AGENT_LIMITS.perCluster,
      max_attempts: 20,
      grouping: 'none',
      global_queue_size: 100_000,
      dedup_window_seconds: 36_000,
      sse_read_timeout: 10,
      sse_reconnect_max_backoff: 3,
      ...(mistake && { agnt_timeout: 1 }),
    };
    if (mistake) for (const running of this.processes.values()) running.configured(false);
    await writeFile(`${this.#file}.new`, stringify(config), { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
    if (!mistake) for (const running of this.processes.values()) running.configured(true);
  }

  /** Sends SIGHUP to every process. */
  reload(): void {
    for (const running of this.processes.values()) running.reload();
  }

  async incidents(): Promise<Incident[]> {
    return (await this.state.incidents.list({ limit: 1_000_000 })).incidents;
  }

  /** Returns what is wrong with the books, nothing if they balance. */
  async booksOff(): Promise<string[]> {
    return auditBooks(await this.state.intake.read()).off;
  }

  /** Returns how many faults are counted as lost. */
  async lost(): Promise<number> {
    return auditBooks(await this.state.intake.read()).total.lost;
  }

  /** Returns the answer of the API as text, undefined if it does not answer with 200. */
  async api(route: string): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${PLANTED.api}` };
    const url = `http://127.0.0.1:${this.#apiPort}${route}`;
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    return response?.ok ? response.text() : undefined;
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
    await this.agents.close();
    await this.engine?.close();
    for (const cluster of this.clusters.values()) await cluster.stop();
    for (const proxy of this.proxies.values()) proxy.close();
    this.receiver.close();
    await disconnect(this.#inspector);
    await this.redis.dispose();
    for (const disk of this.disks.values()) await disk.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}
