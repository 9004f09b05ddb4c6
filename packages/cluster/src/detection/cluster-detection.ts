import type { FaultSource } from '@nightcrier/core/clusters/cluster-event';
import { type FaultEvent, faultFingerprint } from '@nightcrier/core/faults/fault';
import { symptomKey } from '@nightcrier/core/problems/problem-key';
import type { RecoveryTimes } from '@nightcrier/core/problems/recovery';
import type { Logger } from '@nightcrier/core/logger';
import type { Sighting, WatermarkMemory, WatermarkTracker } from '../backfill/watermark.ts';
import { type Detected, Detector } from './detector.ts';
import type { Remembered } from './known-symptoms.ts';

/** Where the symptoms of one cluster are remembered. */
export interface DetectionMemory {
  /** Rejects while the store is unreachable. */
  load(): Promise<Remembered[]>;
  /** Writes soon, in the background; never fails. */
  save(changed: readonly Remembered[]): void;
  /** Notes soon that these problems are still firing; never fails. */
  confirm(problems: readonly string[]): void;
}

export interface ClusterDetectionOptions {
  clusterName: string;
  /** Default: those of the settings' defaults. */
  recovery?: RecoveryTimes;
  memory: DetectionMemory;
  watermark: WatermarkTracker;
  /** Knows which faults have incidents. */
  incidents: Pick<WatermarkMemory, 'known'>;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  onFault: (found: { source: FaultSource; fault: FaultEvent; problem: string }) => void;
}

/** Time between two notes that a problem is still firing, ms. */
const CONFIRM_INTERVAL_MS = 5 * 60_000;
const SKEW_MS = 10_000;
/** What versions before the detector called by this type has another one now. */
const FORMER_TYPE = 'PodCrash';

/**
 * The detector of one cluster with what it needs of the world: its memory, which outlives the process, and the way of its faults
 * to admission. All sources of the cluster share it. Nothing is reported before the memory has been read.
 */
export class ClusterDetection {
  readonly detector: Detector;
  readonly #options: ClusterDetectionOptions;
  /** Changes that could not be reported yet, because it is not known whether they have incidents. */
  #unreported: Detected[] = [];
  #loaded = false;
  #confirmedAt = 0;

  constructor(options: ClusterDetectionOptions) {
    this.#options = options;
    this.detector = new Detector(options.clusterName, options.recovery);
  }

  /**
   * Begins after a gap: reads what is remembered, and what counts as history from now on.
   * @param serverCluster what the MCP server calls the cluster
   * @param blindSince since when kinds could not be listed, ms since the epoch
   * @throws Error of the store
   */
  async begin(serverCluster?: string, blindSince: ReadonlyMap<string, number> = new Map()): Promise<void> {
    const { memory, watermark, clusterName, now } = this.#options;
    this.detector.serverCluster = serverCluster ?? clusterName;
    await watermark.load();
    const isFirst = !this.#loaded;
    if (isFirst) this.detector.restore(await memory.load());
    this.#loaded = true;
    // Notifications do not show everything: what ended since the last scan may be new.
    const listedUntil = isFirst ? new Map([...blindSince, ...watermark.blindBefore]) : blindSince;
    this.detector.startAt(now(), watermark.seenUntil, listedUntil);
  }

  /**
   * Takes a fault that the server pushed.
   * @returns the key of its problem
   */
  pushed(fault: FaultEvent): string {
    const { problem, symptom } = this.detector.assert(fault, this.#options.now());
    this.#options.memory.save([{ problem, symptom }]);
    return problem;
  }

  /**
   * Reports what has changed, if the memory has been read.
   * @param source how the faults count
   * @returns how many symptoms fired
   */
  report(source: FaultSource): number {
    if (!this.#loaded) return 0;
    const detected = this.#advance();
    this.#deliver(detected, source);
    return detected.filter(({ change }) => change === 'fired').length;
  }

  /**
   * Reports what has changed in a gap. What the memory does not know may have an incident all the same: of a process that died
   * before it could write, or of a version without the memory.
   * @returns how many symptoms fired, and how many of them are reported
   * @throws Error of the store; then nothing is lost, and the next call reports it
   */
  async reportGap(source: FaultSource): Promise<{ fired: number; reported: number }> {
    this.#unreported.push(...this.#advance());
    const detected = this.#unreported;
    const doubtful = detected.filter(({ change, isNew }) => change === 'fired' && isNew);
    const known = await areKnown(
      doubtful.map((one) => this.#sightingsOf(one)),
      this.#options.incidents,
    );
    this.#unreported = [];
    const seen = new Set(doubtful.filter((_, index) => known[index]));
    this.#options.memory.save([...seen]);
    const fresh = detected.filter((one) => !seen.has(one));
    this.#deliver(fresh, source);
    const fired = (changes: Detected[]): number => changes.filter(({ change }) => change === 'fired').length;
    return { fired: fired(detected), reported: fired(fresh) };
  }

  /** Keys of the symptoms that are being reported; undefined before the memory has been read. */
  get pending(): ReadonlySet<string> | undefined {
    return this.#loaded ? new Set(this.#unreported.map(({ symptom }) => symptomKey(symptom))) : undefined;
  }

  #advance(): Detected[] {
    const { memory, now } = this.#options;
    const detected = this.detector.advance(now());
    if (now() - this.#confirmedAt >= CONFIRM_INTERVAL_MS) {
      this.#confirmedAt = now();
      memory.confirm(this.detector.firing());
    }
    return detected;
  }

  #deliver(detected: Detected[], source: FaultSource): void {
    const { memory, logger, onFault } = this.#options;
    memory.save(detected);
    for (const { change, fault, problem, symptom } of detected) {
      if (fault) onFault({ source, fault, problem });
      if (change === 'cleared') logger.info({ problem, fault_type: symptom.fault_type }, 'symptom recovered');
    }
  }

  /** What would be the incident of a symptom. A loop crashes again and again: since when is not known. */
  #sightingsOf({ fault, symptom }: Detected): Sighting[] {
    if (!fault) return [];
    const { resource, container } = fault;
    const since = symptom.family === 'crash' && fault.faultType !== 'OOMKilled' ? 0 : symptom.since - SKEW_MS;
    const former = faultFingerprint(this.detector.serverCluster, FORMER_TYPE, resource, container);
    return [fault.faultId, former].map((fingerprint) => ({ fingerprint, since }));
  }
}

async function areKnown(sightings: Sighting[][], incidents: Pick<WatermarkMemory, 'known'>): Promise<boolean[]> {
  const known = await incidents.known(sightings.flat());
  let at = 0;
  return sightings.map(({ length }) => {
    const ours = known.slice(at, at + length);
    at += length;
    return ours.includes(true);
  });
}
