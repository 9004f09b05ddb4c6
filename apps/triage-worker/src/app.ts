import type { Config } from '@nightcrier/core/settings/config';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import { requireDirectory } from '@nightcrier/runtime/process/make-directory';
import { openState, type State } from '@nightcrier/state/open-state';
import { setGlobalConcurrency } from '@nightcrier/state/queue/triage-queue';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { whenWritable } from '@nightcrier/state/redis/when-writable';
import { openWorker } from './start/open-worker.ts';
import { startAgents } from './start/start-agents.ts';
import { startNotifier } from './start/start-notifier.ts';
import { startSelfWatch, startSweepers } from './start/start-sweepers.ts';
import type { TriageWorkerOptions, WorkerSetup } from './start/worker-setup.ts';

/** The triage worker, in a process of its own or in a test. */
export class TriageWorkerApp {
  readonly #setup: WorkerSetup;
  /** Parts that apply a changed configuration. */
  readonly #followers: ((config: Config) => void)[] = [];
  #config: Config;
  #started: Promise<void> | undefined;
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
    this.#config = options.config;
    this.#setup = {
      options,
      lifecycle: new Lifecycle(options.logger, options.config.shutdown_timeout),
      config: () => this.#config,
      onReload: (apply) => this.#followers.push(apply),
    };
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
    return this.#setup.lifecycle.stop();
  }

  async #start(): Promise<void> {
    this.#throwIfStopped();
    requireDirectory('workspace_root', this.#config.workspace_root);
    const { lifecycle, options } = this.#setup;
    const { logger } = options;
    const state = this.#openState();
    await refuseCluster(state);
    this.#throwIfStopped();
    const queue = state.openQueue();
    lifecycle.onStop('queue', () => queue.close());
    const writable = { logger, signal: this.#stopping.signal };
    const { agent_cli: agent, max_concurrent_agents } = this.#config;
    await whenWritable(async () => setGlobalConcurrency(queue, state.redis, max_concurrent_agents), writable);
    this.#throwIfStopped();
    const notifier = await startNotifier(this.#setup, state, queue);
    const instance = await whenWritable(async () => state.instance(), writable);
    this.#throwIfStopped();
    const agents = startAgents(this.#setup, state, instance);
    startSweepers(this.#setup, state, queue, agents);
    startSelfWatch(this.#setup, state);
    // Last: what is stopped after the worker does not wait for Redis.
    const claimIncidents = await openWorker(this.#setup, { state, queue, notifier, agents });
    this.#throwIfStopped();
    claimIncidents();
    logger.info({ agent, max_concurrent_agents }, 'worker started');
  }

  #openState(): State {
    const { lifecycle, options } = this.#setup;
    const { redis: settings } = this.#config;
    const { key_prefix } = settings;
    if (!namesRedis(settings))
      throw new ExitError(
        'configuration',
        'redis.url is not set; set it, or use `nightcrier up`, which starts a Redis',
      );
    const redis = connectWorker(settings, options.logger);
    lifecycle.onStop('redis connection', () => disconnect(redis));
    return openState(redis, { key_prefix, logger: options.logger });
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
