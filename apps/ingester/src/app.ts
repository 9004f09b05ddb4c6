import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { alertLabels } from '@nightcrier/core/alerts/alert-labels';
import type { Watermark } from '@nightcrier/cluster/backfill/watermark';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { SpoolHealth } from '@nightcrier/core/clusters/ingester-health';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { boundHeap } from '@nightcrier/runtime/process/heap-growth';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import type { Admission } from '@nightcrier/state/admission/admission';
import type { HeldHealth } from '@nightcrier/state/health/cluster-health';
import type { HeldContact } from '@nightcrier/state/health/last-contact';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { readRunId } from '@nightcrier/state/server/redis-server';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { AlertIntake } from './alerts/alert-intake.ts';
import { AlertReceiver } from './alerts/alert-receiver.ts';
import { AlertSweeper } from './alerts/alert-sweeper.ts';
import { WorkloadResolver } from './alerts/workload-resolver.ts';
import { ConnectionManager } from './clusters/connection-manager.ts';
import { EarlyCounts } from './intake/early-counts.ts';
import { type Backlog, ReportCheck } from './clusters/report-check.ts';
import { ProblemStore } from './clusters/problem-store.ts';
import { WatermarkStore } from './clusters/watermark-store.ts';
import { HealthPublisher } from './clusters/health-publisher.ts';
import { CurrentSilences } from '@nightcrier/state/silences/current-silences';
import { SilenceGate } from './intake/silence-gate.ts';
import { SilenceSweeper } from './intake/silence-sweeper.ts';
import { traced } from './intake/traced-admission.ts';
import { Intake } from './intake/intake.ts';
import { HeldLeases } from './leases/held-leases.ts';
import { LeaseGuard } from './leases/lease-guard.ts';
import { LeaseKeeper } from './leases/lease-keeper.ts';
import { PermissionPreflight } from './clusters/preflight.ts';
import { CountsStore } from './spool/counts-store.ts';

/** Part of shutdown_timeout in which the other ingesters take the clusters over. */
const HAND_OVER_SHARE = 0.4;

/**
 * The ingester: watches the clusters and admits their faults to the queue. It starts while clusters or Redis are
 * unreachable.
 */
export class Ingester {
  /** Unique among all ingesters, also over restarts with the same process id. */
  readonly id = `${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}`;
  readonly #logger: Logger;
  readonly #lifecycle: Lifecycle;
  #config: Config;
  #parts: { admission: Admission; connections: ConnectionManager; keeper: LeaseKeeper } | undefined;
  #starting: Promise<void> | undefined;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#lifecycle = new Lifecycle(logger, config.shutdown_timeout);
  }

  /**
   * Resolves when all parts run; clusters connect in the background.
   * @throws Error when the configuration names no Redis; then nothing is left running
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Follows the configuration: see {@link Reloading}. */
  readonly reloading: Reloading = {
    apply: (config) => {
      this.#config = config;
      this.#parts?.admission.configure(config);
      this.#parts?.connections.configure(config);
      this.#parts?.keeper.configure(config.clusters.map(({ name }) => name));
    },
    refuse: (refusal) => this.#parts?.keeper.refuse({ process: this.id, ...refusal }),
  };

  /** Stops in the direction of the faults: clusters first, then pending admissions, Redis last. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#lifecycle.stop();
  }

  /** Returns the health of every cluster that this process watches. */
  health(): ClusterHealth[] {
    return this.#parts?.connections.health() ?? [];
  }

  async #start(): Promise<void> {
    try {
      await this.#assemble()?.start();
    } catch (error) {
      await this.#lifecycle.stop();
      throw error;
    }
  }

  /**
   * Builds the parts in the order of their dependencies, connects what one reports to another, and then starts them:
   * nothing runs, and nothing is reported, before all of them exist.
   * @returns what receives alerts, not started; undefined when none are received
   */
  #assemble(): AlertReceiver | undefined {
    const config = this.#config;
    const logger = this.#logger;
    const lifecycle = this.#lifecycle;
    const { key_prefix } = config.redis;
    if (!namesRedis(config.redis))
      throw new ExitError('configuration', 'redis.url is not set; `nightcrier up` starts a Redis of its own');

    const redis = connectProducer(config.redis, logger);
    lifecycle.onStop('redis', () => disconnect(redis));
    const state = openState(redis, { key_prefix, logger });
    const queue = state.openQueue();
    lifecycle.onStop('queue', () => queue.close());
    const admission = state.openAdmission(queue, config);
    const admit = traced(async (event, incidentId) => admission.admit(event, incidentId));
    const leases = state.openLeases({ id: this.id, length: config.cluster_lease * 1000 });
    const { lastContacts } = state;

    const held = new HeldLeases();
    const spoolDirectory = config.spool_dir ?? path.join(config.data_dir, 'spool');
    const counts = new EarlyCounts({
      write: (batch) => state.intake.countOnce(batch),
      store: new CountsStore(spoolDirectory, logger),
      logger,
    });
    const preflight = new PermissionPreflight({ logger });
    const silences = new CurrentSilences({
      list: () => state.silences.list(),
      windows: () => this.#config.maintenance_windows,
    });
    const gate = new SilenceGate({
      admit,
      silences,
      faults: state.silencedFaults,
      mark: async (cluster, problem, silenced) => void (await state.problems.markSilenced(cluster, problem, silenced)),
    });
    const intake = new Intake({
      threshold: () => this.#config.severity_threshold,
      spool: { directory: spoolDirectory, maxBytes: config.spool_max_bytes },
      admit: (event, incidentId) => gate.admit(event, incidentId),
      count: (cluster, counted) => counts.add(cluster, counted),
      permissionsOf: (cluster) => preflight.permissionsOf(cluster),
      logger,
    });
    const watermarks = new WatermarkStore({
      stored: lastContacts,
      write: (latest) => lastContacts.write(leases, heldContacts(latest, held)),
      logger,
    });
    const problems = new ProblemStore({
      list: (cluster) => state.problems.list(cluster),
      write: (changes) => state.problems.write(leases, changes),
      tokenOf: (cluster) => held.tokenOf(cluster),
      logger,
    });
    const connections = new ConnectionManager({
      settings: config,
      logger,
      memoryOf: (cluster) => watermarks.memoryOf(cluster),
      detectedOf: (cluster) => problems.memoryOf(cluster),
      onReceived: (cluster, received) => intake.receive(cluster, received),
      onMalformed: (cluster, reason, detail) => intake.malformed(cluster, reason, detail),
      permissionsOf: (cluster) => preflight.permissionsOf(cluster),
      onPermissionsChanged: (cluster) => preflight.recheck(cluster),
      readyToConnect: (cluster) => preflight.firstCheck(cluster),
    });
    const keeper = new LeaseKeeper({
      leases,
      held,
      guard: new LeaseGuard({ redis: config.redis, id: this.id, length: leases.length, logger }),
      clusters: config.clusters.map(({ name }) => name),
      isActive: (cluster) => connections.isActive(cluster),
      activeOwners: (clusters) => state.clusterHealth.activeOwners(clusters),
      logger,
    });
    const publisher = new HealthPublisher({
      health: (clusters) => connections.health(clusters),
      publish: async (clusters) => {
        await state.clusterHealth.publish(leases, heldHealth(clusters, held));
        await state.ingesterHealth.publish({ name: this.id, spool: intake.spoolHealth() });
      },
      logger,
    });
    const reports = new ReportCheck({
      verify: (checked) => connections.verifyReports(checked),
      runId: () => readRunId(redis),
      backlog: () => backlogOf(intake.spoolHealth()),
      logger,
    });
    redis.on('ready', () => reports.reconnected());
    const sweeper = new AlertSweeper({
      holds: (cluster) => held.tokenOf(cluster) !== undefined,
      store: state.alerts,
      logger,
    });
    const silencer = new SilenceSweeper({
      held: () => this.#config.clusters.filter(({ name }) => held.tokenOf(name) !== undefined),
      silences,
      faults: state.silencedFaults,
      firingClusters: () => state.problems.clustersWith('firing'),
      firing: async (cluster) => (await state.problems.list(cluster)).filter((problem) => problem.state === 'firing'),
      mark: async (cluster, problem, silenced) => void (await state.problems.markSilenced(cluster, problem, silenced)),
      silenceOf: (cluster, resource) => connections.silenceOf(cluster, resource),
      admit: async (event, incidentId) => intake.admitted(event, await admit(event, incidentId)),
      logger,
    });
    const receiver = config.alerts.port === undefined ? undefined : this.#alertReceiver(state, intake);
    this.#parts = { admission, connections, keeper };

    preflight.events.on('change', (cluster) => publisher.changed(cluster));
    connections.events.on('health', (cluster) => {
      if (held.tokenOf(cluster) !== undefined) publisher.changed(cluster);
      keeper.clusterChanged(cluster);
    });
    keeper.events.on('taken', (cluster) => publisher.changed(cluster));
    keeper.events.on('takeover', (isRunning) => boundHeap({ isPeak: isRunning }));
    keeper.events.on('watch', (names) => {
      const clusters = this.#config.clusters.filter(({ name }) => names.has(name));
      preflight.watch(clusters);
      connections.watch(clusters);
    });

    // Stopped in the reverse order.
    lifecycle.onStop('leases', () => keeper.stop());
    lifecycle.onStop('health', () => publisher.stop());
    lifecycle.onStop('counts', () => counts.close());
    lifecycle.onStop('preflight', () => preflight.stop());
    lifecycle.onStop('intake', () => intake.close());
    lifecycle.onStop('watermarks', () => watermarks.stop());
    lifecycle.onStop('problems', () => problems.stop());
    lifecycle.onStop('alert sweeper', () => sweeper.stop());
    const selfWatch = state.openSelfWatch({ settings: () => this.#config, logger });
    lifecycle.onStop('self watch', () => selfWatch.stop());
    lifecycle.onStop('silences', () => silencer.stop());
    lifecycle.onStop('connections', () => connections.stop());
    lifecycle.onStop('report check', () => reports.stop());
    lifecycle.onStop('hand-over', () => keeper.handOver(config.shutdown_timeout * 1000 * HAND_OVER_SHARE));
    if (receiver) lifecycle.onStop('alert receiver', () => receiver.stop());

    counts.start();
    intake.start();
    publisher.start();
    watermarks.start();
    problems.start();
    sweeper.start();
    selfWatch.start();
    silencer.start();
    reports.start();
    keeper.start();
    return receiver;
  }

  #alertReceiver(state: State, intake: Intake): AlertReceiver {
    const logger = this.#logger;
    const resolver = new WorkloadResolver({ logger });
    const alerts = new AlertIntake({
      clusters: () => this.#config.clusters,
      mapping: () => ({
        labels: alertLabels(this.#config.alerts.labels),
        clusterNames: this.#config.alerts.cluster_names,
      }),
      resolveTimeout: () => this.#config.alerts.resolve_timeout * 1000,
      store: state.alerts,
      counters: state.alertCounters,
      intake,
      resolve: (cluster, resource) => resolver.resolve(cluster, resource),
      logger,
    });
    return new AlertReceiver({
      settings: () => this.#config.alerts,
      receive: (parsed, cluster) => alerts.receive(parsed, cluster),
      ready: () => state.redis.ping(),
      logger,
    });
  }
}

function backlogOf({ state, in_memory }: SpoolHealth): Backlog {
  if (state === 'spooling') return 'spooled';
  return in_memory === 0 ? 'none' : 'in flight';
}

/** Selects the clusters that this ingester holds; their owners publish the others. */
function heldHealth(clusters: readonly ClusterHealth[], held: HeldLeases): HeldHealth[] {
  return clusters.flatMap((health) => {
    const token = held.tokenOf(health.name);
    return token === undefined ? [] : [{ token, health }];
  });
}

/** Selects the clusters that this ingester holds; their owners know the others' watermarks better. */
function heldContacts(watermarks: ReadonlyMap<string, Watermark>, held: HeldLeases): HeldContact[] {
  return [...watermarks].flatMap(([cluster, contact]) => {
    const token = held.tokenOf(cluster);
    return token === undefined ? [] : [{ cluster, token, contact }];
  });
}
