import { withJitter } from '@nightcrier/core/async/backoff';
import type { FaultSource } from '@nightcrier/core/clusters/cluster-event';
import type { Logger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterDetection } from '../detection/cluster-detection.ts';
import { type ClusterScan, FIRST_KINDS, OTHER_KINDS } from './cluster-scan.ts';
import type { ListPace } from './list-pace.ts';
import { WATCHED_KINDS } from '../detection/objects/kinds.ts';
import { ConnectionError, endsSession, rootMessage } from '../mcp/session/connection-error.ts';
import type { ClusterSight } from '../sight/cluster-sight.ts';
import type { WatermarkTracker } from './watermark.ts';
import { type ReconnectConfig, reconnectDelay } from '../mcp/session/reconnect.ts';
import type { McpSession } from '../mcp/session/session.ts';

/** The connects of the process, which come before scans. */
export interface ConnectCrowd {
  /** Whether connects wait for others. */
  readonly isCrowded: boolean;
  /** Runs a scan later, unless the signal is aborted by then. */
  afterConnects(scan: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface ResyncOptions {
  scan: ClusterScan;
  detection: ClusterDetection;
  sight: ClusterSight;
  watermark: WatermarkTracker;
  /** Time between two scans of a cluster that is watched all the while, ms; 0: none. */
  interval: number;
  /** How a scan that failed is tried again. */
  reconnect: ReconnectConfig;
  /** Bounds the lists of the process; shared. */
  listPace: ListPace;
  /** Shared. Without it, no scan waits. */
  crowd?: ConnectCrowd;
  logger: Logger;
  now: () => number;
  random: () => number;
  /** Whether a watch of the Kubernetes API follows the objects beside the sessions with the MCP server. */
  isFollowed: boolean;
}

/** A subscription and the session it lives in. */
export interface ResyncWatch {
  session: McpSession;
  signal: AbortSignal;
  /** The scan found the session gone. */
  onLost: (error: ConnectionError) => void;
  /** A scan is over, and what it found is reported. */
  onScanned: () => void;
}

/** A subscription is not held up for longer; the scan goes on beside it. */
const PATIENCE_MS = 10_000;
const JITTER = 0.1;
/** Kinds that could not be listed are tried again after this time, ms. */
const RELIST_MS = 60_000;

/**
 * Finds the faults of a time in which nobody watched: servers report a fault once, to those who are subscribed at that moment. After
 * each subscription the cluster is scanned for what is wrong, and what went wrong since the watermark. As long as that has not
 * succeeded, the watermark stays where it was.
 */
export class Resync {
  readonly #options: ResyncOptions;
  /** When the subscription began whose gap is not scanned yet. */
  #pending: { from: number; blindSince: ReadonlyMap<string, number> } | undefined;
  #serverCluster: string | undefined;

  constructor(options: ResyncOptions) {
    this.#options = options;
  }

  /** Whether so many clusters connect that lists come later. */
  get isCrowded(): boolean {
    return this.#options.crowd?.isCrowded === true;
  }

  /** Notes that the cluster is watched again since `from`, ms since the epoch, after a gap. */
  begin(from: number, serverCluster?: string): void {
    this.#options.watermark.lose();
    this.#options.watermark.watchFrom(from);
    if (!this.#options.isFollowed) this.#options.detection.detector.loseAll();
    this.#serverCluster = serverCluster ?? this.#serverCluster;
    this.#pending = { from, blindSince: this.#options.sight.blindSince() };
  }

  /**
   * Scans the gap, again and again until it succeeds, and later at the interval. Never rejects.
   * @returns when the first scan is over, or when it takes so long that the subscription should not wait for it: because of the
   * cluster, or because many clusters connect, which are all to be subscribed first
   */
  async follow(watch: ResyncWatch): Promise<void> {
    const { crowd, watermark } = this.#options;
    if (!crowd || !this.isCrowded) return this.#scanGap(watch);
    void crowd.afterConnects(() => this.#scanGap(watch), watch.signal);
    // The health shows since when the cluster was not watched, and what could not be listed then.
    return watermark.load().catch(() => undefined);
  }

  async #scanGap(watch: ResyncWatch): Promise<void> {
    const first = Promise.withResolvers<void>();
    void this.#repeat(watch, () => first.resolve());
    const patience = new AbortController();
    const enough = AbortSignal.any([patience.signal, watch.signal]);
    await Promise.race([first.promise, sleep(PATIENCE_MS, undefined, { signal: enough }).catch(() => undefined)]);
    patience.abort();
  }

  /** The server has no tool to list with: the gap is counted, and what happened in it is not known. Never rejects. */
  async pass(): Promise<void> {
    const { detection, watermark, logger, now } = this.#options;
    for (const kind of WATCHED_KINDS) detection.detector.forgetKind(kind);
    logger.warn({}, 'server cannot be asked for what was missed: it has no resources_list');
    try {
      await detection.begin(this.#serverCluster);
      watermark.resume(this.#pending?.from ?? now());
      this.#pending = undefined;
    } catch (error) {
      logger.debug({ error: rootMessage(error) }, 'last contact is not known');
    }
  }

  /**
   * Reports what a scan found. Never rejects.
   * @param scannedAt when the scan began, ms since the epoch
   * @param source as which the faults count when there was no gap
   * @returns whether the gap before it, if there was one, is closed
   */
  async settle(scannedAt: number, source: FaultSource): Promise<boolean> {
    const { detection, watermark, logger } = this.#options;
    if (!this.#pending) {
      detection.report(source);
      watermark.confirm(scannedAt);
      watermark.scanned(scannedAt);
      return true;
    }
    try {
      await detection.begin(this.#serverCluster, this.#pending.blindSince);
      const since = watermark.last === undefined ? 'never' : new Date(watermark.last).toISOString();
      const { fired, reported } = await detection.reportGap('resync');
      logger.info({ last_contact: since, fired, reported }, 'cluster resynced');
      watermark.resume(this.#pending.from);
      watermark.confirm(scannedAt);
      watermark.scanned(scannedAt);
      this.#pending = undefined;
      return true;
    } catch (error) {
      logger.warn({ error: rootMessage(error) }, 'resync is put off; it will look as far back then');
      return false;
    }
  }

  async #repeat(watch: ResyncWatch, onFirst: () => void): Promise<void> {
    const { signal } = watch;
    const { interval, reconnect, random } = this.#options;
    const { sight, now } = this.#options;
    let failures = 0;
    let nextScanAt = now();
    while (!signal.aborted) {
      if (now() >= nextScanAt) {
        const isDone = await this.#attempt(watch, onFirst);
        onFirst();
        failures = isDone ? 0 : failures + 1;
        const pause = interval === 0 ? Infinity : withJitter(interval, JITTER, random());
        nextScanAt = now() + (isDone ? pause : reconnectDelay(failures, reconnect, random()));
      } else {
        await this.#relist(watch);
      }
      const isComplete = sight.lostKinds('mcp').length === 0;
      if (isComplete && nextScanAt === Infinity) return;
      const wait = Math.min(nextScanAt - now(), isComplete ? Infinity : withJitter(RELIST_MS, JITTER, random()));
      await sleep(Math.max(0, wait), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Tries the kinds that could not be listed again. */
  async #relist({ session, signal, onScanned }: ResyncWatch): Promise<void> {
    const { scan, detection, sight, now } = this.#options;
    try {
      await scan.run(session, detection.detector, { now, signal, kinds: sight.lostKinds('mcp') });
      detection.report('resync');
      onScanned();
    } catch {
      // They are still lost, which the health shows; a lost session is found by its probe.
    }
  }

  /**
   * The kinds that most symptoms are of come first: the subscription does not wait for the others. Those wait until the process
   * has time for them; then the first ones are listed again, because the others are judged by them.
   */
  async #attempt({ session, signal, onLost, onScanned }: ResyncWatch, onFirst: () => void): Promise<boolean> {
    const { scan, detection, listPace, logger, now } = this.#options;
    try {
      const scannedAt = await scan.run(session, detection.detector, { now, signal, kinds: FIRST_KINDS });
      if (signal.aborted) return false;
      const isDone = await this.settle(scannedAt, 'resync');
      onFirst();
      if (!listPace.tryTake(OTHER_KINDS.length)) {
        onScanned();
        await listPace.wait(WATCHED_KINDS.length, signal);
        await scan.run(session, detection.detector, { now, signal, kinds: FIRST_KINDS });
      }
      await scan.run(session, detection.detector, { now, signal, kinds: OTHER_KINDS });
      if (signal.aborted) return false;
      detection.report('resync');
      onScanned();
      return isDone;
    } catch (error) {
      if (signal.aborted) return false;
      if (error instanceof ConnectionError && endsSession(error)) {
        onLost(error);
        return false;
      }
      logger.warn({ error: rootMessage(error) }, 'resync could not look; it will try again');
      return false;
    }
  }
}
