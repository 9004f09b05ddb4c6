import { randomUUID } from 'node:crypto';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import { problemLabels } from '@nightcrier/core/matching/problem-labels';
import { isWell, ownFailures, type OwnFailure, type OwnView } from '@nightcrier/core/problems/own-failures';
import type { ProblemPlace } from '@nightcrier/core/problems/problem';
import type { Config } from '@nightcrier/core/settings/config';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { silencedBy } from '@nightcrier/core/silences/silencing';
import type { Redis } from 'ioredis';
import { AgentBreaker } from '../breaker/agent-breaker.ts';
import { ModelBudgets } from '../budgets/model-budgets.ts';
import { ClusterHealthBoard } from '../health/cluster-health.ts';
import { ReceiverHealth } from '../notifications/receiver-health.ts';
import { silenceText } from '../problems/problems.ts';
import { CurrentSilences } from '../silences/current-silences.ts';
import { Silences } from '../silences/silences.ts';
import { countLiveWorkers } from '../queue/live-workers.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';
import { ifReadable } from '../damage/if-readable.ts';
import type { StateKeys } from '../redis/keys.ts';

/** The settings of the watch. */
export type SelfWatchSettings = Pick<
  Config,
  'clusters' | 'blind_after' | 'maintenance_windows' | 'heartbeat_url' | 'heartbeat_url_file'
>;

export interface SelfWatchOptions {
  /** Called at each run: they can change. */
  settings: () => SelfWatchSettings;
  /** Calls `heartbeat_url`; missing in processes that do not. Rejects when the call fails. */
  heartbeat?: () => Promise<void>;
  logger: Logger;
  /** Between two checks, ms; by default 10 s. */
  interval?: number | undefined;
}

interface Boards {
  breaker: AgentBreaker;
  budgets: ModelBudgets;
  clusterHealth: ClusterHealthBoard;
  receiverHealth: ReceiverHealth;
  silences: CurrentSilences;
}

const INTERVAL_MS = 10_000;
/** Another process takes over when the holder has been silent for this long, ms. */
const LEASE_MS = 35_000;
const HEARTBEAT_MS = 60_000;

/**
 * Watches the installation itself, and writes what fails as problems. Every ingester and worker runs one, and one of them at a time
 * writes. While nothing critical fails, one of those with a heartbeat calls it every minute.
 */
export class SelfWatch {
  readonly #id = randomUUID();
  readonly #options: SelfWatchOptions;
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;
  readonly #boards: Boards;
  readonly #write: LuaScript;
  readonly #loop: BackgroundLoop;
  readonly #since: number;

  constructor(context: StateContext, options: SelfWatchOptions) {
    this.#options = options;
    this.#redis = context.redis;
    this.#keys = context.keys;
    this.#now = context.now;
    const silences = new Silences(context);
    this.#boards = {
      breaker: new AgentBreaker(context),
      budgets: new ModelBudgets(context),
      clusterHealth: new ClusterHealthBoard(context),
      receiverHealth: new ReceiverHealth(context),
      silences: new CurrentSilences({
        list: async () => silences.list(),
        windows: () => options.settings().maintenance_windows,
        now: context.now,
      }),
    };
    this.#since = context.now();
    this.#write = defineScript(context, 'self-watch/write-own-failures');
    this.#loop = new BackgroundLoop(async () => void (await this.check()), {
      interval: options.interval ?? INTERVAL_MS,
      firstRun: 'after_interval',
      onError: (error) => options.logger.debug({ error: String(error) }, 'own failures not written; retrying'),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** Writes what fails now, unless another process does. @returns what fails */
  async check(): Promise<OwnFailure[]> {
    const settings = this.#options.settings();
    const failures = ownFailures(await this.#view(settings));
    const places = new Map(settings.clusters.map(({ name, labels, environment }) => [name, { labels, environment }]));
    const rules = await this.#boards.silences.rules();
    const written = failures.map((failure) => {
      const place: ProblemPlace = places.get(failure.cluster) ?? { labels: {} };
      const found = rules.silencing(problemLabels({ ...failure, ...place }), undefined, this.#now());
      return {
        ...failure,
        message: hideSecrets(failure.message),
        about: JSON.stringify(place),
        silenced: silenceText(found && silencedBy(found)),
      };
    });
    await this.#write([], [this.#id, String(this.#now()), String(LEASE_MS), JSON.stringify(written)]);
    const hasHeartbeat = (settings.heartbeat_url ?? settings.heartbeat_url_file) !== undefined;
    if (hasHeartbeat && isWell(failures)) await this.#beat();
    return failures;
  }

  async #view({ clusters, blind_after }: SelfWatchSettings): Promise<OwnView> {
    const { breaker, budgets, clusterHealth, receiverHealth } = this.#boards;
    const now = this.#now();
    const [health, ingesters, workers, agents, receivers, exhausted] = await Promise.all([
      clusterHealth.read(
        clusters.map(({ name, labels, triage }) => ({ name, labels, triage_enabled: triage.enabled })),
        now,
      ),
      ifReadable(this.#redis.zcount(this.#keys.ingesters, now, '+inf'), 0),
      countLiveWorkers(this.#redis, this.#keys, this.#now),
      breaker.read(),
      receiverHealth.read(),
      budgets.exhausted(),
    ]);
    return {
      now,
      since: this.#since,
      clusters: health,
      ingesters,
      workers,
      agents,
      receivers: [...receivers].map(([target, { failing_since, last_error }]) => ({
        target,
        failing_since,
        last_error,
      })),
      exhausted,
      blindAfter: blind_after * 1_000,
    };
  }

  /** Of several processes one calls in each minute. */
  async #beat(): Promise<void> {
    const { heartbeat, logger } = this.#options;
    if (!heartbeat) return;
    const isTurn = await this.#redis.set(this.#keys.heartbeat, this.#id, 'PX', HEARTBEAT_MS - INTERVAL_MS / 2, 'NX');
    if (isTurn === null) return;
    await heartbeat().catch((error: unknown) => logger.warn({ error: String(error) }, 'heartbeat failed; retrying'));
  }
}
