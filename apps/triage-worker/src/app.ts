import { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import { openState } from '@nightcrier/state/open-state';
import { setGlobalConcurrency } from '@nightcrier/state/queue/triage-queue';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { hostname } from 'node:os';
import type { ScriptGrace } from './agent-script.ts';
import { ContainerSweeper } from './agent/run/container-sweeper.ts';
import { ScriptHost } from './agent/run/script-host.ts';
import { configuredTargets } from './notification/configured-targets.ts';
import { LiveNotifier } from './notification/live-notifier.ts';
import { DEFAULT_NOTIFIER_TIMES, Notifier, type NotifierTimes } from './notification/notifier.ts';
import { PermissionCache } from './prepare/permission-cache.ts';
import { QueueSweeper } from './queue/queue-sweeper.ts';
import { DEFAULT_LOCK, type LockSettings, TriageWorker } from './queue/triage-worker.ts';
import { WORKER_SILENT_MS, WorkerShare } from './queue/worker-share.ts';
import { PrecreatedWorkspace } from './workspace/precreated-workspace.ts';
import { workspaceSweeper } from './workspace/sweep-workspaces.ts';

export interface TriageWorkerOptions {
  config: Config;
  logger: Logger;
  /** The process's environment; only what `scriptEnvironment` names of it goes on to the agent script. */
  environment: Record<string, string | undefined>;
  lock?: LockSettings;
  /** Milliseconds before the second attempt, and the longest such delay. */
  retryDelay?: { initial: number; max: number };
  grace?: ScriptGrace;
  notifierTimes?: NotifierTimes;
  /** Most messages in Slack in a time, ms. */
  slackRate?: { max: number; duration: number };
}

/** Of shutdown_timeout: what running investigations get to finish; the rest is for ending them and handing them back. */
const DRAIN_SHARE = 0.5;
/** Of shutdown_timeout: what an agent gets between SIGTERM and SIGKILL, so that its container is removed in time. */
const KILL_SHARE = 0.25;
const LONGEST_KILL_GRACE = 10;

/** The triage worker as a part that can be started and stopped, in a process of its own or within a test. */
export class TriageWorkerApp {
  readonly #options: TriageWorkerOptions;
  readonly #lifecycle: Lifecycle;
  #config: Config;
  /** Once it has started. */
  #configure: ((config: Config) => void) | undefined;
  #started: Promise<void> | undefined;
  #stopped = false;

  /** Follows the configuration: see {@link Reloading}. Investigations that run keep the one they began with. */
  readonly reloading: Reloading = {
    apply: (config) => {
      this.#config = config;
      this.#configure?.(config);
    },
    // It is in the log; what clusters there are, the API and the ingesters say.
    refuse: () => undefined,
  };

  constructor(options: TriageWorkerOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#lifecycle = new Lifecycle(options.logger, options.config.shutdown_timeout);
  }

  /**
   * Starts to take incidents, once Redis is there. Concurrent calls share one start; one that fails is rolled back.
   * @throws Error when redis.url is not set, or when it was stopped before it had started
   */
  start(): Promise<void> {
    this.#started ??= this.#start().catch(async (error: unknown) => {
      await this.stop();
      throw error;
    });
    return this.#started;
  }

  /** Stops claiming, lets investigations finish within a part of shutdown_timeout, and hands back what is left. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#lifecycle.stop();
  }

  async #start(): Promise<void> {
    const { config, logger, environment } = this.#options;
    const { url, key_prefix } = config.redis;
    if (url === undefined) throw new Error('redis.url is not set; `nightcrier up` starts a Redis of its own');

    this.#throwIfStopped();
    const redis = connectWorker({ url, key_prefix }, logger);
    this.#lifecycle.onStop('redis connection', () => disconnect(redis));
    const state = openState(redis, { key_prefix, logger });
    const queue = state.openQueue();
    this.#lifecycle.onStop('queue', () => queue.close());
    await setGlobalConcurrency(queue, redis, config.max_concurrent_agents);
    this.#throwIfStopped();

    const { incidents } = state;
    const openNotifier = (current: Config): Notifier =>
      new Notifier({
        state,
        targets: configuredTargets(current, state.slackCards, this.#options.slackRate),
        outbox: state.outbox,
        incidents,
        publicUrl: current.public_url,
        times: this.#options.notifierTimes ?? DEFAULT_NOTIFIER_TIMES,
        logger,
      });
    const notifier = new LiveNotifier(openNotifier, config, logger);
    this.#lifecycle.onStop('notifier', () => notifier.stop());
    await notifier.start();
    this.#throwIfStopped();
    const workspaceSweeps = workspaceSweeper(() => {
      const { workspace_root: root, workspace_retention_days: days, workspace_retention_count: count } = this.#config;
      return { root, days, count, incidents, logger };
    });
    this.#lifecycle.onStop('workspace sweeper', () => workspaceSweeps.stop());
    workspaceSweeps.start();
    const instance = await state.instance();
    const containers = new ContainerSweeper({ config: () => this.#config, instance, incidents, environment, logger });
    this.#lifecycle.onStop('container sweeper', () => containers.stop());
    containers.start();
    const lock = this.#options.lock ?? DEFAULT_LOCK;
    const { max_agents_per_cluster, max_queue_age_seconds } = config;
    const slots = state.openSlots({ max_agents_per_cluster, lease: lock.lockDuration });
    const sweeper = new QueueSweeper({
      sweep: state.openSweep(),
      slots,
      max_queue_age_seconds,
      interval: lock.stalledInterval,
      logger,
    });
    this.#lifecycle.onStop('queue sweeper', () => sweeper.stop());

    const kill = Math.min(LONGEST_KILL_GRACE, config.shutdown_timeout * KILL_SHARE);
    const grace = this.#options.grace ?? { overrun: 30, kill };
    const scripts = new ScriptHost(Math.ceil(grace.kill * 1000));
    this.#lifecycle.onStop('script host', () => scripts.stop());
    const precreated = new PrecreatedWorkspace();
    this.#lifecycle.onStop('pre-created workspace', () => precreated.stop());
    const prepareScripts = ({ agent_cli, workspace_root }: Config): void => {
      if (agent_cli === 'builtin') return;
      scripts.start();
      void precreated.start(workspace_root);
    };
    prepareScripts(config);
    const worker = new TriageWorker({
      context: {
        config,
        incidents,
        permissions: new PermissionCache(),
        clients: new KubernetesClients(),
        scripts,
        workspaces: precreated,
        breaker: state.breaker,
        environment,
        workerId: `${hostname()}-${process.pid}`,
        instance,
        grace,
        logger,
      },
      connection: redis,
      prefix: state.keys.bullmq,
      counters: state.triage,
      slots,
      cancellations: state.openCancellations(),
      retry: {
        maxAttempts: config.max_attempts,
        random: Math.random,
        ...(this.#options.retryDelay ?? { initial: 5_000, max: 300_000 }),
      },
      lock,
      wakeNotifier: () => notifier.wake(),
    });
    const workers = state.openLiveWorkers(WORKER_SILENT_MS);
    const { max_concurrent_agents } = config;
    const share = new WorkerShare({
      workers,
      max_concurrent_agents,
      onShare: (agents) => worker.limit(agents),
      logger,
    });
    this.#configure = (changed) => {
      worker.configure(changed);
      notifier.configure(changed);
      prepareScripts(changed);
      workspaceSweeps.wake();
      share.configure(changed.max_concurrent_agents);
      sweeper.configure(changed.max_queue_age_seconds);
      Promise.all([
        setGlobalConcurrency(queue, redis, changed.max_concurrent_agents),
        slots.configure(changed.max_agents_per_cluster),
      ]).catch((error: unknown) => logger.error({ error }, 'bounds of concurrency could not be changed'));
    };
    this.#lifecycle.onStop('worker', () => worker.drain(config.shutdown_timeout * 1000 * DRAIN_SHARE));
    this.#lifecycle.onStop('share', () => share.stop());
    await share.start();
    this.#throwIfStopped();
    worker.run().catch((error: unknown) => logger.error({ error }, 'worker takes no more incidents'));
    sweeper.start();
    logger.info({ agent: config.agent_cli, max_concurrent_agents: config.max_concurrent_agents }, 'taking incidents');
  }

  #throwIfStopped(): void {
    if (this.#stopped) throw new Error('the triage worker was stopped before it had started');
  }
}
