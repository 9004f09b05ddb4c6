import type { FaultSource } from '@nightcrier/core/clusters/cluster-event';
import type { ClusterHealth, ConnectionStatus, IntakeMode } from '@nightcrier/core/clusters/cluster-health';
import type { FaultEvent, ResourceReference } from '@nightcrier/core/faults/fault';
import type { RecoveryTimes } from '@nightcrier/core/problems/recovery';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchCluster } from './cluster-watch.ts';
import { type ClusterWatchOptions, DEFAULT_TIMEOUTS } from './watch-options.ts';
import type { PushedNotification } from './subscription.ts';
import { ConnectionError, type ConnectionErrorCode, rootMessage } from '../session/connection-error.ts';
import { type CheckedSymptoms, findLostReports } from '../../backfill/lost-reports.ts';
import { type WatermarkMemory, WatermarkTracker } from '../../backfill/watermark.ts';
import { SupplementState } from './supplement-state.ts';
import { ConnectionStatusTracker, formatSeconds } from './connection-status.ts';
import { ClusterScan } from '../../backfill/cluster-scan.ts';
import { ClusterDetection, type DetectionMemory } from '../../detection/cluster-detection.ts';
import { KubernetesClients } from '../../kubernetes/clients.ts';
import { type KubernetesWatchOptions, watchKubernetes } from '../../sources/kubernetes-watch.ts';
import type { EventConfirmation } from '../../sources/event-confirmation.ts';
import { ClusterPoll, DEFAULT_POLL_SHARE } from '../../sources/poll.ts';
import { ClusterSight, PROOF_VALID_MS } from '../../sight/cluster-sight.ts';
import { ProtocolEra } from '../session/protocol-era.ts';
import type { ListPace } from '../../backfill/list-pace.ts';
import { type ConnectCrowd, Resync } from '../../backfill/resync.ts';
import { longestReconnectDelay, type ReconnectConfig, reconnectDelay } from '../session/reconnect.ts';

/** A fault of a cluster: pushed by its server, or found by a poll or a resync. */
export interface Received {
  source: FaultSource;
  fault: FaultEvent;
  /** The key of its problem, see `problemKey`. */
  problem: string;
  /** See `ClusterEvent`. */
  node?: string;
  images?: string[];
  /** Value of the annotation `nightcrier.io/silence` that applies to its object. */
  silence?: string | undefined;
  /** What was normalized in the server's notification. */
  notes?: string[];
  /** The name that the server gives the cluster, if it is not the configured one. */
  claims?: string;
}

type WatchSettings = Omit<
  ClusterWatchOptions,
  | 'timeouts'
  | 'recheckInterval'
  | 'random'
  | 'now'
  | 'status'
  | 'era'
  | 'scan'
  | 'poll'
  | 'resync'
  | 'endpoint'
  | 'follower'
  | 'detection'
  | 'sight'
  | 'steadyNow'
  | 'watermark'
  | 'onMode'
  | 'onConfirmation'
  | 'onNotification'
>;

/** Durations in milliseconds. */
export interface ClusterConnectionOptions extends WatchSettings {
  /** Shortest time between two polls. */
  pollInterval: number;
  /** Largest part of the time in which a poll may run. */
  pollShare?: number;
  /** Between two resyncs of a subscribed cluster; 0: only after a gap. */
  resyncInterval: number;
  /** Default: as the settings are by default. */
  recovery?: RecoveryTimes;
  /** How often the object of a firing symptom is read where nothing watches it. Default: as the setting is by default. */
  recheckInterval?: number;
  /** Stored state of the cluster, which outlives this connection. */
  memory: WatermarkMemory;
  /** Where what was detected is remembered beyond this connection. */
  detected: DetectionMemory;
  reconnect: ReconnectConfig;
  /** Spreads the lists of the process over time; shared by all connections. */
  listPace: ListPace;
  /** The connects of the process, which come before first lists; shared. */
  crowd?: ConnectCrowd;
  onReceived: (received: Received) => void;
  /** The health has changed, other than by the time until the retry. */
  onHealthChange: () => void;
  /** A kind of objects cannot be listed any more, or can be again: the permissions may have changed. */
  onPermissionsChanged?: () => void;
  timeouts?: ClusterWatchOptions['timeouts'];
  now?: () => number;
  /** Milliseconds of a clock that is never set. */
  steadyNow?: () => number;
  random?: () => number;
}

const DEFAULT_RECHECK_MS = 60_000;
/** A server that was watched within this time speaks what it spoke then. Later it may have been upgraded. */
const RECALLED_WITHIN_MS = 60_000;

/** Failures that only an operator can fix. */
const REFUSALS: ReadonlySet<ConnectionErrorCode> = new Set(['unauthorized', 'forbidden', 'api_unauthorized']);

/**
 * The connection to one cluster (design.md, "ClusterConnection"): watches it, backs off after a loss, and reconnects until
 * it is stopped, independently of all other clusters. {@link ConnectionStatusTracker} has the states. A stopped connection
 * cannot be started again.
 */
export class ClusterConnection {
  readonly #options: ClusterConnectionOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #status: ConnectionStatusTracker;
  readonly #watermark: WatermarkTracker;
  readonly #detection: ClusterDetection;
  readonly #sight: ClusterSight;
  readonly #follower: SupplementState | undefined;
  readonly #watch: ClusterWatchOptions;
  readonly #stopping = new AbortController();
  readonly #clients = new KubernetesClients();
  #running: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;
  #mode: IntakeMode | undefined;
  #confirmation: EventConfirmation | undefined;
  #eventCount = 0;
  #lastEvent: number | undefined;

  constructor(options: ClusterConnectionOptions) {
    const { cluster } = options;
    const logger = options.logger.child({ cluster: cluster.name });
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#status = new ConnectionStatusTracker(logger, this.#now, options.onHealthChange);
    this.#watermark = new WatermarkTracker(options.memory, (blindKinds) => this.#sight.restoreKinds(blindKinds));
    this.#follower = cluster.supplement === 'watch' ? new SupplementState() : undefined;
    const endpoint = cluster.mcp?.endpoint ?? '';
    const timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
    const steadyNow = options.steadyNow ?? (() => performance.now());
    this.#sight = new ClusterSight({
      logger,
      now: this.#now,
      steadyNow,
      onChange: () => {
        this.#watermark.noteBlindKinds(this.#sight.rememberedKinds());
        options.onHealthChange();
      },
      onPermissionsChanged: () => options.onPermissionsChanged?.(),
    });
    const scan = new ClusterScan(endpoint, logger, this.#sight, timeouts.list);
    const detection = new ClusterDetection({
      clusterName: cluster.name,
      ...(options.recovery && { recovery: options.recovery }),
      memory: options.detected,
      watermark: this.#watermark,
      incidents: options.memory,
      logger,
      now: this.#now,
      onFault: (found) => this.#receive(found),
    });
    this.#detection = detection;
    const { pollInterval: interval, pollShare: share = DEFAULT_POLL_SHARE } = options;
    const poll = new ClusterPoll({ interval, share, scan, detection, now: this.#now });
    const resync = new Resync({
      scan,
      detection,
      sight: this.#sight,
      watermark: this.#watermark,
      interval: options.resyncInterval,
      reconnect: options.reconnect,
      listPace: options.listPace,
      ...(options.crowd && { crowd: options.crowd }),
      logger,
      now: this.#now,
      random: this.#random,
      isFollowed: cluster.supplement === 'watch',
    });
    this.#watch = {
      ...options,
      recheckInterval: options.recheckInterval ?? DEFAULT_RECHECK_MS,
      endpoint,
      follower: this.#follower,
      timeouts,
      random: this.#random,
      logger,
      now: this.#now,
      status: this.#status,
      era: new ProtocolEra(async () => {
        const { hasSessions = false, at = 0 } = (await options.memory.read()) ?? {};
        return hasSessions && this.#now() - at < RECALLED_WITHIN_MS;
      }),
      scan,
      poll,
      resync,
      detection,
      sight: this.#sight,
      steadyNow,
      watermark: this.#watermark,
      onMode: (mode) => {
        if (mode === 'poll' && options.mode !== 'poll' && this.#mode !== 'poll') {
          logger.warn({ subscribe_mode: options.mode }, 'subscriptions not supported; polling');
        }
        this.#mode = mode;
      },
      onConfirmation: (confirmation) => (this.#confirmation = confirmation),
      onNotification: (notification) => this.#receiveNotification(notification),
    };
  }

  /** Returns the annotation `nightcrier.io/silence` of a resource, `none` without one, undefined where that is not known. */
  silenceOf(resource: ResourceReference): string | undefined {
    return this.#detection.detector.silenceOf(resource);
  }

  /** Connects in the background; an unreachable cluster is not an error. Does nothing when started or stopped. */
  start(): void {
    if (!this.#stopping.signal.aborted) this.#running ??= this.#runAll();
  }

  /** Unsubscribes and deletes the session on the server. Concurrent calls share one stop. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Reports again what was reported and what the store has lost since. Rejects while the store is unreachable. */
  async verifyReports(checked: CheckedSymptoms): Promise<void> {
    const { detected, memory: incidents, logger, cluster } = this.#options;
    const { detector, pending } = this.#detection;
    if (!pending || (checked === 'missing' && detector.firing().length === 0)) return;
    const parts = { detector, memory: detected, incidents, pending, now: this.#now() };
    const { lost, unsaved } = await findLostReports(parts, checked);
    if (this.#stopping.signal.aborted) return;
    detected.save(unsaved);
    for (const { problem, fault } of lost) this.#receive({ source: 'resync', fault, problem });
    if (lost.length > 0) {
      logger.warn({ cluster: cluster.name, faults: lost.length }, 'reported faults lost by redis; reported again');
    }
  }

  /**
   * Whether the cluster is subscribed or polled, and something has shown within the last minute that faults would be seen. This
   * process may have been paused.
   */
  get isActive(): boolean {
    return this.#status.status === 'active' && this.#sight.proofAge <= PROOF_VALID_MS;
  }

  /** Returns the health (design.md, "Health Status Structure"). */
  health(): ClusterHealth {
    const { cluster } = this.#options;
    const { status, failure } = this.#status;
    return {
      name: cluster.name,
      status: status === 'active' && !this.isActive ? 'connected' : status,
      ...(this.#lastEvent !== undefined && { last_event: new Date(this.#lastEvent).toISOString() }),
      ...(failure && { error: failure.error.message }),
      ...(failure && status === 'failed' && { retry_in: formatSeconds(failure.retryAt - this.#now()) }),
      event_count: this.#eventCount,
      triage_enabled: cluster.triage.enabled,
      labels: cluster.labels,
      ...(this.#mode && { mode: this.#mode }),
      ...this.#sight.health(),
      ...this.#watermark.health(this.#now()),
    };
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#status.change('stopped');
  }

  async #runAll(): Promise<void> {
    const isSupplemented = this.#options.cluster.supplement === 'watch';
    await Promise.all([this.#run(), ...(isSupplemented ? [this.#runSupplement()] : [])]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { reconnect } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#watchOnce(signal);
      } catch (error) {
        if (signal.aborted) return;
        const { activeSince } = this.#status;
        const wasStable = activeSince !== undefined && this.#now() - activeSince >= reconnect.stableAfter;
        failures = wasStable ? 1 : failures + 1;
        const failure = this.#asConnectionError(error);
        const wait = REFUSALS.has(failure.code)
          ? longestReconnectDelay(reconnect, this.#random())
          : reconnectDelay(failures, reconnect, this.#random());
        this.#status.fail({ error: failure, retryAt: this.#now() + wait, retryCount: failures });
        await sleep(wait, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #watchOnce(signal: AbortSignal): Promise<never> {
    return this.#options.cluster.source === 'kubernetes'
      ? watchKubernetes({ ...this.#kubernetesWatch(), onStatus: (status) => this.#status.change(status) }, signal)
      : watchCluster(this.#watch, signal);
  }

  /** Follows the cluster beside its MCP server, in its own loop; each fails and recovers alone. */
  async #runSupplement(): Promise<void> {
    const { signal } = this.#stopping;
    const { reconnect, logger, cluster } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await watchKubernetes(
          { ...this.#kubernetesWatch(), onStatus: (status) => this.#noteSupplement(status) },
          signal,
        );
      } catch (error) {
        if (signal.aborted) return;
        failures = this.#sight.isDegraded('supplement') ? failures + 1 : 1;
        const problem = rootMessage(error);
        this.#follower?.fail();
        this.#sight.degrade('supplement', `the supplementary watch of the Kubernetes API failed: ${problem}`);
        logger.warn({ cluster: cluster.name, error: problem }, 'supplementary watch failed; retrying');
        await sleep(reconnectDelay(failures, reconnect, this.#random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #noteSupplement(status: ConnectionStatus): void {
    this.#follower?.progress(status);
    if (status === 'active') this.#sight.recover('supplement');
  }

  #kubernetesWatch(): Omit<KubernetesWatchOptions, 'onStatus'> {
    const { cluster } = this.#options;
    const { kubeconfig = '' } = cluster.triage;
    return {
      open: () => this.#clients.open(kubeconfig),
      detection: this.#detection,
      resync: this.#watch.resync,
      sight: this.#sight,
      logger: this.#watch.logger,
      now: this.#now,
      random: this.#random,
    };
  }

  #receiveNotification(notification: PushedNotification): void {
    switch (notification.kind) {
      case 'fault': {
        const { fault, event, notes, claims } = notification;
        if (event) {
          this.#lastEvent = this.#now();
          this.#confirmation?.event(event);
          return;
        }
        const problem = this.#detection.pushed(fault);
        this.#confirmation?.follow(fault.resource);
        this.#receive({ source: 'subscription', fault, problem, notes, ...(claims !== undefined && { claims }) });
        return;
      }
      case 'malformed':
        this.#countEvent();
        this.#options.onMalformed(notification.reason, notification.detail);
        return;
      case 'ignored':
        this.#countEvent();
    }
  }

  #receive(received: Received): void {
    this.#countEvent();
    const { resource } = received.fault;
    const silence = this.silenceOf(resource);
    this.#options.onReceived({
      ...this.#detection.detector.placeOf(resource),
      ...received,
      ...(silence !== undefined && silence !== 'none' && { silence }),
    });
  }

  #countEvent(): void {
    this.#eventCount += 1;
    this.#lastEvent = this.#now();
  }

  #asConnectionError(error: unknown): ConnectionError {
    if (error instanceof ConnectionError) return error;
    this.#options.logger.error(
      { cluster: this.#options.cluster.name, error },
      'cluster connection failed unexpectedly',
    );
    return new ConnectionError('internal', `unexpected error: ${rootMessage(error)}`, { cause: error });
  }
}
