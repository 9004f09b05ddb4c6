import { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import { receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import { routeTree } from '@nightcrier/core/routing/route-tree';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import { requireDirectory } from '@nightcrier/runtime/process/make-directory';
import { openState, type State } from '@nightcrier/state/open-state';
import type { ClusterSlots } from '@nightcrier/state/queue/cluster-slots';
import { allAdoptPrestarted, type LiveWorkers } from '@nightcrier/state/queue/live-workers';
import { lostJobs } from '@nightcrier/state/queue/lost-jobs';
import { setGlobalConcurrency, type TriageQueue } from '@nightcrier/state/queue/triage-queue';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { whenWritable } from '@nightcrier/state/redis/when-writable';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { hostname } from 'node:os';
import type { ScriptGrace } from './agent-runtime.ts';
import { IsolationProbe } from './agent/isolation/isolation-probe.ts';
import { PrestartedAgents } from './agent/prestarted-agents.ts';
import { ContainerSweeper } from './agent/run/container-sweeper.ts';
import { DockerRuntime } from './agent/run/docker/docker-runtime.ts';
import { configuredSockets, configuredTargets, SLACK_RATE } from './notification/configured-targets.ts';
import { ALERTMANAGER_TIMES, type AlertmanagerTimes } from './notification/targets/alertmanager.ts';
import { problemActions } from './notification/problem-actions.ts';
import { SOCKET_TIMES, type SocketTimes } from './notification/slack/slack-socket.ts';
import { LiveNotifier } from './notification/live-notifier.ts';
import { DEFAULT_NOTIFIER_TIMES, Notifier, type NotifierTimes } from './notification/notifier.ts';
import { PermissionCache } from './prepare/permission-cache.ts';
import { hasEnded, ownProcess } from './process-identity.ts';
import { callHeartbeat } from './problems/call-heartbeat.ts';
import { ProblemSweeper } from './problems/problem-sweeper.ts';
import { QueueSweeper } from './queue/queue-sweeper.ts';
import { DEFAULT_LOCK, type LockSettings, TriageWorker } from './queue/triage-worker.ts';
import { WORKER_DEAD_MS, WORKER_SILENT_MS, WorkerShare } from './queue/worker-share.ts';
import { KnowledgeBase } from './knowledge/matching-knowledge.ts';
import { workspaceSweeper } from './workspace/sweep-workspaces.ts';

export interface TriageWorkerOptions {
  config: Config;
  logger: Logger;
  /** Environment of the process; a script of `agent_script_path` gets only what `scriptEnvironment` names. */
  environment: Record<string, string | undefined>;
  lock?: LockSettings;
  /** Time without a heartbeat after which the incidents of another worker are taken over, ms. */
  deadAfter?: number;
  /** Milliseconds before the second attempt, and the longest such delay. */
  retryDelay?: { initial: number; max: number };
  grace?: ScriptGrace;
  notifierTimes?: NotifierTimes;
  /** Between two checks of the installation itself, ms. */
  selfWatchInterval?: number;
  /** Maximum messages to Slack per `duration` ms. */
  slackRate?: { max: number; duration: number };
  alertmanagerTimes?: AlertmanagerTimes;
  socketTimes?: SocketTimes;
}

/** Part of shutdown_timeout for running investigations to finish; the rest is for stopping and requeueing them. */
const DRAIN_SHARE = 0.5;
/** Part of shutdown_timeout between SIGTERM and SIGKILL of an agent script, so that it removes its container in time. */
const KILL_SHARE = 0.25;
/** Seconds. */
const LONGEST_KILL_GRACE = 10;
/** Names this process on what it starts. */
const WORKER_ID = `${hostname()}-${process.pid}`;
const DEFAULT_RETRY_DELAY = { initial: 5_000, max: 300_000 };

/** The triage worker, in a process of its own or in a test. */
export class TriageWorkerApp {
  readonly #options: TriageWorkerOptions;
  readonly #lifecycle: Lifecycle;
  /** Parts that apply a changed configuration. */
  readonly #followers: ((config: Config) => void)[] = [];
  #config: Config;
  #started: Promise<void> | undefined;
  #workers: LiveWorkers | undefined;
  readonly #stopping = new AbortController();

  /** Applies a changed configuration, see {@link Reloading}. Running investigations keep the one they started with. */
  readonly reloading: Reloading = {
    apply: (config) => {
      this.#config = config;
      for (const follow of this.#followers) follow(config);
    },
    // It is logged, and shown by the API.
    refuse: () => undefined,
  };

  constructor(options: TriageWorkerOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#lifecycle = new Lifecycle(options.logger, options.config.shutdown_timeout);
  }

  /**
   * Starts to claim incidents, once Redis is reachable. Concurrent calls share one start; a failed start is rolled back.
   * @throws Error when redis.url is not set, or when it was stopped before
   */
  start(): Promise<void> {
    this.#started ??= this.#start().catch(async (error: unknown) => {
      await this.stop();
      throw error;
    });
    return this.#started;
  }

  /** Stops claiming, lets investigations finish within a part of shutdown_timeout, and requeues the rest. */
  stop(): Promise<void> {
    this.#stopping.abort(new Error('the triage worker was stopped before its start'));
    return this.#lifecycle.stop();
  }

  /** What is acquired first is released last. */
  async #start(): Promise<void> {
    this.#throwIfStopped();
    requireDirectory('workspace_root', this.#config.workspace_root);
    const { logger } = this.#options;
    const state = this.#openState();
    await refuseCluster(state);
    this.#throwIfStopped();
    const queue = state.openQueue();
    this.#lifecycle.onStop('queue', () => queue.close());
    const writable = { logger, signal: this.#stopping.signal };
    const { max_concurrent_agents: agents } = this.#config;
    await whenWritable(async () => setGlobalConcurrency(queue, state.redis, agents), writable);
    this.#throwIfStopped();
    const notifier = await this.#startNotifier(state, queue);
    const instance = await whenWritable(async () => state.instance(), writable);
    this.#throwIfStopped();
    const runtime = this.#openRuntime();
    this.#startSweepers(state, queue, instance, runtime);
    const isolation = this.#startIsolationProbe(state, instance, runtime);
    const prestarted = this.#startPrestarting(state, { instance, runtime, isolation });
    const lock = this.#options.lock ?? DEFAULT_LOCK;
    const { max_agents_per_cluster } = this.#config;
    const slots = state.openSlots({ max_agents_per_cluster, lease: lock.lockDuration });
    this.#followers.push(({ max_concurrent_agents, max_agents_per_cluster: perCluster }) => {
      Promise.all([setGlobalConcurrency(queue, state.redis, max_concurrent_agents), slots.configure(perCluster)]).catch(
        (error: unknown) => logger.error({ error }, 'concurrency limits not applied'),
      );
    });
    const sweeper = this.#openQueueSweeper(state, slots, lock);
    const worker = this.#openWorker({
      state,
      slots,
      lock,
      instance,
      notifier,
      sweeper,
      runtime,
      isolation,
      prestarted,
    });
    await this.#startShare(state, worker);
    this.#startSelfWatch(state);
    this.#throwIfStopped();
    worker.run().catch((error: unknown) => logger.error({ error }, 'worker stopped unexpectedly'));
    sweeper.start();
    const { agent_cli: agent, max_concurrent_agents } = this.#config;
    logger.info({ agent, max_concurrent_agents }, 'worker started');
  }

  #openState(): State {
    const { logger } = this.#options;
    const { redis: settings } = this.#config;
    const { key_prefix } = settings;
    if (!namesRedis(settings))
      throw new ExitError(
        'configuration',
        'redis.url is not set; set it, or use `nightcrier up`, which starts a Redis',
      );
    const redis = connectWorker(settings, logger);
    this.#lifecycle.onStop('redis connection', () => disconnect(redis));
    return openState(redis, { key_prefix, logger });
  }

  async #startNotifier(state: State, queue: TriageQueue): Promise<LiveNotifier> {
    const { logger, slackRate = SLACK_RATE, notifierTimes: times = DEFAULT_NOTIFIER_TIMES } = this.#options;
    const { alertmanagerTimes = ALERTMANAGER_TIMES, socketTimes = SOCKET_TIMES } = this.#options;
    const { incidents, slackCards, postedAlerts } = state;
    const actions = problemActions(state, queue, () => this.#config);
    const parts = { slackCards, postedAlerts, slackRate, alertmanagerTimes, logger };
    const open = (config: Config): Notifier =>
      new Notifier({
        state,
        incidents,
        route: routeTree(config.route),
        receivers: receiverTargets(config),
        targets: configuredTargets(config, parts),
        sockets: configuredSockets(config, {
          lease: state.socketLease,
          actions,
          owner: WORKER_ID,
          times: socketTimes,
          logger,
        }),
        publicUrl: config.public_url,
        times,
        logger,
      });
    const notifier = new LiveNotifier(open, this.#config, logger);
    this.#lifecycle.onStop('notifier', () => notifier.stop());
    this.#followers.push((config) => notifier.configure(config));
    await notifier.start();
    return notifier;
  }

  /** Starts to remove expired workspaces and orphaned containers, and to close recovered problems. */
  #startSweepers(state: State, queue: TriageQueue, instance: string, runtime: DockerRuntime): void {
    const { logger } = this.#options;
    const { incidents, problems } = state;
    const admission = state.openAdmission(queue, this.#config);
    this.#followers.push((config) => admission.configure(config));
    const closing = new ProblemSweeper({
      problems,
      storms: state.openStorms(admission),
      reopenWindow: () => this.#config.reopen_window,
      logger,
    });
    this.#lifecycle.onStop('problem sweeper', () => closing.stop());
    closing.start();
    const workspaces = workspaceSweeper(() => {
      const { workspace_root: root, workspace_retention_days: days, workspace_retention_count: count } = this.#config;
      return { root, days, count, incidents, logger };
    });
    this.#lifecycle.onStop('workspace sweeper', () => workspaces.stop());
    this.#followers.push(() => workspaces.wake());
    workspaces.start();
    const containers = new ContainerSweeper({ config: () => this.#config, instance, incidents, runtime, logger });
    this.#lifecycle.onStop('container sweeper', () => containers.stop());
    containers.start();
  }

  #startIsolationProbe(
    { gateways, isolation: board }: State,
    instance: string,
    runtime: DockerRuntime,
  ): IsolationProbe {
    const { logger } = this.#options;
    const config = (): Config => this.#config;
    const probe = new IsolationProbe({ config, runtime, gateways, board, workerId: WORKER_ID, instance, logger });
    this.#lifecycle.onStop('isolation probe', () => probe.stop());
    this.#followers.push(() => probe.wake());
    probe.start();
    return probe;
  }

  #startPrestarting(access: State, parts: Pick<WorkerParts, 'instance' | 'runtime' | 'isolation'>): PrestartedAgents {
    const config = (): Config => this.#config;
    const { logger } = this.#options;
    const allAdopt = async (): Promise<boolean> => allAdoptPrestarted(access.redis, access.keys);
    const prestarted = new PrestartedAgents({ ...parts, config, access, allAdopt, workerId: WORKER_ID, logger });
    this.#lifecycle.onStop('prestarted agents', () => prestarted.stop());
    this.#followers.push(() => prestarted.wake());
    prestarted.start();
    return prestarted;
  }

  #openQueueSweeper(state: State, slots: ClusterSlots, { stalledInterval: interval }: LockSettings): QueueSweeper {
    const { max_queue_age_seconds } = this.#config;
    const sweep = state.openSweep();
    const sweeper = new QueueSweeper({ sweep, slots, max_queue_age_seconds, interval, logger: this.#options.logger });
    this.#lifecycle.onStop('queue sweeper', () => sweeper.stop());
    this.#followers.push((config) => sweeper.configure(config.max_queue_age_seconds));
    return sweeper;
  }

  #openWorker({
    state,
    slots,
    lock,
    instance,
    notifier,
    sweeper,
    runtime,
    isolation,
    prestarted,
  }: WorkerParts): TriageWorker {
    const { environment, logger, retryDelay = DEFAULT_RETRY_DELAY } = this.#options;
    const { shutdown_timeout, max_attempts: maxAttempts } = this.#config;
    const kill = Math.min(LONGEST_KILL_GRACE, shutdown_timeout * KILL_SHARE);
    const grace = this.#options.grace ?? { overrun: 30, kill };
    const worker = new TriageWorker({
      context: {
        config: this.#config,
        incidents: state.incidents,
        access: state,
        permissions: new PermissionCache(),
        clients: new KubernetesClients(),
        alerts: state.alerts,
        knowledge: new KnowledgeBase(),
        runtime,
        isolation,
        prestarted,
        breaker: state.breaker,
        environment,
        workerId: WORKER_ID,
        instance,
        grace,
        logger,
      },
      connection: state.redis,
      prefix: state.keys.bullmq,
      counters: state.triage,
      slots,
      cancellations: state.openCancellations(),
      lost: (held) => lostJobs(state.redis, state.keys, held),
      retry: { maxAttempts, random: Math.random, ...retryDelay },
      lock,
      wakeNotifier: () => notifier.wake(),
      onQueueError: () => sweeper.wake(),
    });
    this.#lifecycle.onStop('worker', async () => {
      await worker.drain(shutdown_timeout * 1000 * DRAIN_SHARE);
      // Does not wait: Redis may be unreachable.
      this.#workers
        ?.forget()
        .catch((error: unknown) => this.#options.logger.debug({ error }, 'worker record not removed'));
    });
    this.#followers.push((config) => worker.configure(config));
    return worker;
  }

  #openRuntime(): DockerRuntime {
    const { environment } = this.#options;
    const runtime = new DockerRuntime({ engine: () => this.#config.agent_engine, environment, workerId: WORKER_ID });
    this.#lifecycle.onStop('container engine', () => runtime.close());
    return runtime;
  }

  /** Starts to watch the installation itself. */
  #startSelfWatch(state: State): void {
    const { logger } = this.#options;
    const watch = state.openSelfWatch({
      settings: () => this.#config,
      heartbeat: async () => callHeartbeat(this.#config),
      interval: this.#options.selfWatchInterval,
      logger,
    });
    this.#lifecycle.onStop('self watch', () => watch.stop());
    watch.start();
  }

  async #startShare(state: State, worker: TriageWorker): Promise<void> {
    const { max_concurrent_agents } = this.#config;
    this.#workers = state.openLiveWorkers(WORKER_SILENT_MS, {
      id: worker.id,
      process: ownProcess(),
      hasEnded,
      silence: this.#options.deadAfter ?? WORKER_DEAD_MS,
      maxStalls: () => this.#config.max_attempts,
      onReleased: (incidents) => this.#options.logger.warn({ incidents }, 'incidents of a dead worker released'),
    });
    const share = new WorkerShare({
      workers: this.#workers,
      max_concurrent_agents,
      onShare: (agents) => worker.limit(agents),
      logger: this.#options.logger,
    });
    this.#lifecycle.onStop('share', () => share.stop());
    this.#followers.push((config) => share.configure(config.max_concurrent_agents));
    await share.start();
  }

  #throwIfStopped(): void {
    this.#stopping.signal.throwIfAborted();
  }
}

/** BullMQ and our scripts use several keys in one step, which Redis Cluster does not allow. */
async function refuseCluster(state: State): Promise<void> {
  const problem = (await state.serverProblems()).find(({ code }) => code === 'cluster');
  if (problem) throw new ExitError('configuration', problem.message);
}

interface WorkerParts {
  state: State;
  slots: ClusterSlots;
  lock: LockSettings;
  instance: string;
  notifier: LiveNotifier;
  sweeper: QueueSweeper;
  runtime: DockerRuntime;
  isolation: IsolationProbe;
  prestarted: PrestartedAgents;
}
