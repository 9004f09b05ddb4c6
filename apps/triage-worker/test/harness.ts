import { type Alert, alertName, alertText } from '@nightcrier/core/alerts/alert';
import type { ResourceReference } from '@nightcrier/core/faults/fault';
import { auditBooks } from '@nightcrier/core/incidents/books';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { type Config, Settings } from '@nightcrier/core/settings/config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { silentLogger } from '@nightcrier/core/logger';
import type { Scenario } from '@nightcrier/simulator/scenario';
import type { Admission } from '@nightcrier/state/admission/admission';
import type { Cancellations } from '@nightcrier/state/incidents/cancel';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import type { TriageCounters } from '@nightcrier/state/queue/triage-counters';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import type { z } from 'zod';
import type { ScriptGrace } from '../src/agent-runtime.ts';
import { TriageWorkerApp } from '../src/app.ts';
import type { TriageWorkerOptions } from '../src/start/worker-setup.ts';
import type { TestBackend } from './backend.ts';
import { RecordingLogger } from './fixtures/recording-logger.ts';

const WORKER_PROCESS = path.join(import.meta.dirname, 'fixtures/worker-process.fixture.ts');
const AGENTS = path.join(import.meta.dirname, 'fixtures/agents');

/** No pause of a busy machine lets a lock expire. Workers of this machine notice that one was killed without it. */
const LOCK = { lockDuration: 60_000, stalledInterval: 500 };

/** Notifications are delivered and retried quickly. */
export const NOTIFIER_TIMES = {
  interval: 200,
  ...LOCK,
  retryDelay: { initial: 50, max: 200 },
  refreshInterval: 200,
};

type SettingsInput = z.input<typeof Settings>;

/** The resources of one test: keys in Redis, a folder, workers. */
export class TestHarness {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly key_prefix = randomUUID();
  readonly state: State;
  readonly logger = new RecordingLogger();
  readonly incidents: IncidentStore;
  readonly cancellations: Cancellations;
  readonly counters: TriageCounters;
  readonly queue: TriageQueue;
  readonly #backend: TestBackend;
  readonly #redis: ReturnType<typeof connectProducer>;
  readonly #admission: Admission;
  readonly #apps: TriageWorkerApp[] = [];
  readonly #kills: (() => Promise<void>)[] = [];
  readonly #heals = new Map<string, () => void>();

  private constructor(backend: TestBackend, folder: string, redis: ReturnType<typeof connectProducer>) {
    this.#backend = backend;
    this.folder = folder;
    this.kubeconfig = path.join(folder, 'alpha.kubeconfig');
    this.#redis = redis;
    this.state = openState(redis, { key_prefix: this.key_prefix, logger: silentLogger });
    this.queue = this.state.openQueue();
    this.incidents = this.state.incidents;
    this.cancellations = this.state.openCancellations();
    this.counters = this.state.triage;
    const settings = { ...Settings.parse({}), grouping: 'none' } as const;
    this.#admission = this.state.openAdmission(this.queue, settings);
  }

  static async open(backend: TestBackend): Promise<TestHarness> {
    const folder = await mkdtemp(path.join(tmpdir(), 'triage-'));
    const redis = connectProducer({ url: backend.redis.url, key_prefix: 'unused' }, silentLogger);
    await once(redis, 'ready');
    const harness = new TestHarness(backend, folder, redis);
    await writeFile(harness.kubeconfig, backend.cluster.kubeconfig());
    return harness;
  }

  /** Returns a configuration with short times, one cluster, and the named stand-in agent script. */
  config(
    settings: SettingsInput = {},
    { agent, cluster = {} }: { agent?: string; cluster?: Partial<ClusterConfig> } = {},
  ): Config {
    const parsed = Settings.parse({
      workspace_root: path.join(this.folder, 'incidents'),
      redis: { url: this.#backend.redis.url, key_prefix: this.key_prefix },
      shutdown_timeout: 4,
      agent_timeout: 30,
      agent_fallback: [],
      // No gateway runs, unless a test starts one.
      kube_access: 'direct',
      llm_access: 'direct',
      // Tests that count containers count those of runs.
      agent_prestarted_containers: 0,
      // The breaker stays closed.
      failure_threshold_for_alert: 0,
      agent_system_prompt_file: path.join(import.meta.dirname, 'fixtures/system-prompt.md'),
      ...(agent && { agent_cli: 'claude', agent_script_path: path.join(AGENTS, `${agent}.sh`) }),
      ...settings,
    });
    const triage = { enabled: true, kubeconfig: this.kubeconfig, allow_secrets_access: false };
    const mcp = { endpoint: this.#backend.cluster.mcpEndpoint };
    return { ...parsed, clusters: [{ name: 'alpha', labels: {}, mcp, triage, ...cluster }] };
  }

  /** @param grace of agent scripts; the stand-in agents have nothing to clean up */
  options(config: Config, grace = { overrun: 0.3, kill: 0.3 }): TriageWorkerOptions {
    return {
      config,
      logger: this.logger,
      environment: { PATH: process.env.PATH, HOME: this.folder, NOT_FOR_AGENTS: 'secret' },
      lock: LOCK,
      retryDelay: { initial: 50, max: 200 },
      notifierTimes: NOTIFIER_TIMES,
      selfWatchInterval: 500,
      slackRate: { max: 1, duration: 50 },
      grace,
    };
  }

  /** Starts a worker in this process. */
  async startWorker(
    config: Config,
    grace?: ScriptGrace,
    times: Pick<TriageWorkerOptions, 'lock' | 'deadAfter' | 'retryDelay'> = {},
  ): Promise<TriageWorkerApp> {
    const app = new TriageWorkerApp({ ...this.options(config, grace), ...times });
    this.#apps.push(app);
    await app.start();
    return app;
  }

  /** Starts a worker in its own process; `kill` sends SIGKILL, `signal` another signal. */
  async startWorkerProcess(
    config: Config,
    options: Partial<TriageWorkerOptions> = {},
  ): Promise<{ kill(): Promise<void>; signal(signal: NodeJS.Signals): void }> {
    const file = path.join(this.folder, `options-${randomUUID()}.json`);
    await writeFile(file, JSON.stringify({ ...this.options(config), ...options }));
    const worker = execa(process.execPath, [WORKER_PROCESS, file], {
      ipc: true,
      reject: false,
      buffer: false,
      stdout: 'ignore',
      stderr: 'ignore',
    });
    const kill = async (): Promise<void> => {
      worker.kill('SIGKILL');
      await worker;
    };
    this.#kills.push(kill);
    await worker.getOneMessage();
    return { kill, signal: (signal) => void worker.kill(signal) };
  }

  /** Breaks something in the cluster and admits the fault, as an ingester would. Returns the incident's id. */
  async admit(scenario: string | Scenario = 'crash-loop-back-off'): Promise<string> {
    const { fault, heal } = await this.#backend.cluster.run(scenario, { instance: randomUUID() });
    if (!fault) throw new Error('the scenario has no fault');
    const outcome = await this.#admission.admit({
      cluster_name: 'alpha',
      labels: { team: 'shop' },
      kubeconfig: this.kubeconfig,
      source: 'subscription',
      received_at: new Date().toISOString(),
      event: fault,
    });
    if (outcome.kind !== 'queued') throw new Error(`fault was not queued: ${outcome.kind}`);
    this.#heals.set(outcome.incidentId, heal);
    return outcome.incidentId;
  }

  /** Undoes in the cluster what {@link admit} broke. */
  heal(id: string): void {
    this.#heals.get(id)?.();
    this.#heals.delete(id);
  }

  /** Admits a fault that was received as an alert. */
  async admitAlert(alert: Alert, resource: ResourceReference): Promise<string> {
    const received_at = new Date().toISOString();
    const outcome = await this.#admission.admit({
      cluster_name: 'alpha',
      labels: {},
      kubeconfig: this.kubeconfig,
      source: 'subscription',
      received_at,
      alert,
      event: {
        faultId: randomUUID(),
        faultType: alertName(alert),
        severity: 'warning',
        resource,
        context: alertText(alert),
        timestamp: alert.startsAt,
      },
    });
    if (outcome.kind !== 'queued') throw new Error(`alert was not queued: ${outcome.kind}`);
    return outcome.incidentId;
  }

  /** Admits the incident's fault again. */
  async recur(id: string): Promise<void> {
    const { kind } = await this.#admission.admit((await this.incident(id)).cluster_event);
    if (kind !== 'deduplicated') throw new Error(`fault was no recurrence: ${kind}`);
  }

  async incident(id: string): Promise<Incident> {
    const incident = await this.incidents.get(id);
    if (!incident) throw new Error(`incident ${id} is gone`);
    return incident;
  }

  /** Waits until the incident is in the state, at most `patience` ms, and returns it. */
  async reaches(id: string, state: Incident['state'], patience = 60_000): Promise<Incident> {
    const check = async (): Promise<Incident> => {
      const incident = await this.incident(id);
      if (incident.state !== state) throw new Error(`incident is ${incident.state}: ${incident.reason ?? 'no reason'}`);
      return incident;
    };
    return vi.waitFor(check, { timeout: patience });
  }

  /** Returns the label `nightcrier.instance` of the worker's containers. */
  async instance(): Promise<string> {
    return this.state.instance();
  }

  /** Makes the incident's row unreadable. */
  async corrupt(id: string): Promise<void> {
    await this.#redis.hset(this.state.keys.incident(id), 'cluster_event', 'not JSON');
  }

  /** Returns what notifications are written to: the queue of a target, and the outbox. */
  notificationParts(target: string) {
    return { notifications: this.state.openNotificationQueue(target), redis: this.#redis, keys: this.state.keys };
  }

  /** Makes the queue's settings unreadable, so that a worker cannot start. */
  async breakQueue(): Promise<void> {
    await this.#redis.set(this.queue.toKey('meta'), 'not a hash');
  }

  /** Fills the memory of Redis, until the returned function is called: it refuses what needs more. */
  async fillRedis(): Promise<() => Promise<void>> {
    return this.#refuseWrites('maxmemory');
  }

  /** Makes Redis refuse every write, as with a full disk, until the returned function is called. */
  async refuseWrites(): Promise<() => Promise<void>> {
    return this.#refuseWrites('min-replicas-to-write');
  }

  async #refuseWrites(setting: string): Promise<() => Promise<void>> {
    const admin = connectWorker({ url: this.#backend.redis.adminUrl, key_prefix: 'unused' }, silentLogger);
    await admin.config('SET', setting, '1');
    return async () => {
      await admin.config('SET', setting, '0');
      await disconnect(admin);
    };
  }

  /**
   * Creates a user of Redis who may not touch slots.
   * @returns the URL for this user, and what allows everything
   */
  async forbidSlots(): Promise<{ url: string; allow: () => Promise<void> }> {
    const { adminUrl } = this.#backend.redis;
    const admin = connectWorker({ url: adminUrl, key_prefix: 'unused' }, silentLogger);
    const others = ['[a-r]*', '[t-z]*', 's[a-km-z]*', 'sl[a-np-z]*'].map((name) => `~{${this.key_prefix}}:${name}`);
    const user = `user-${this.key_prefix}`;
    await admin.call('ACL', 'SETUSER', user, 'on', '>pass', '+@all', '&*', ...others);
    const allow = async (): Promise<void> => {
      await admin.call('ACL', 'SETUSER', user, '~*');
      await disconnect(admin);
    };
    return { url: adminUrl.replace('://', `://${user}:pass@`), allow };
  }

  /** Damages what Redis knows of the slots of the cluster. */
  async breakSlots(): Promise<void> {
    await this.#redis.set(this.state.keys.slots('alpha'), 'not a sorted set');
  }

  /** Gives the job's lock to another worker, as the stalled check does after a long pause of this one. */
  async stealLock(id: string): Promise<void> {
    await this.#redis.set(`${this.queue.toKey(id)}:lock`, 'somebody-else', 'PX', 60_000);
  }

  /** Returns the number of unexpired slot leases of the cluster. */
  async slotsHeld(): Promise<number> {
    return this.#redis.zcount(this.state.keys.slots('alpha'), Date.now(), '+inf');
  }

  /** Returns what does not balance in the books. */
  async booksOff(): Promise<string[]> {
    return auditBooks(await this.state.intake.read()).off;
  }

  /** Returns the number of clients of Redis. */
  async connections(): Promise<number> {
    return String(await this.#redis.client('LIST'))
      .trim()
      .split('\n').length;
  }

  workspace(id: string, ...parts: string[]): string {
    return path.join(this.folder, 'incidents', id, ...parts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.stop()));
    await Promise.all(this.#kills.map((kill) => kill()));
    await this.#killOrphans();
    await this.queue.close();
    await disconnect(this.#redis);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Kills stand-in agents whose worker was killed; each leads a process group and has written its pid. */
  async #killOrphans(): Promise<void> {
    for await (const file of glob(path.join(this.folder, 'incidents/*/agent-pids'))) {
      for (const pid of (await readFile(file, 'utf8')).trim().split('\n').map(Number)) {
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
    }
  }
}
