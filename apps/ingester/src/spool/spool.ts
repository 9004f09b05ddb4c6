import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { SpoolHealth } from '@nightcrier/core/clusters/ingester-health';
import type { Logger } from '@nightcrier/core/logger';
import { AdmissionWindow, type Admit } from './admission-window.ts';
import { DiskAccess } from './disk-access.ts';
import type { Segment } from './segment.ts';
import { SegmentStore } from './segment-store.ts';
import { SpoolDirectory } from './spool-directory.ts';
import type { SpooledFault } from './spooled-fault.ts';

export interface SpoolOptions {
  admit: Admit;
  onOutcome: (event: ClusterEvent, outcome: AdmissionOutcome) => void;
  /** Called once for each fault of the cluster that is lost. */
  onLost: (cluster: string) => void;
  logger: Logger;
  /** Where segments are kept; shared by any number of ingesters. */
  directory: string;
  /** Most bytes of this process's segments. */
  maxBytes: number;
  /** Most faults in memory; some 5 KB each, most of it the permissions of their cluster. */
  memoryCapacity?: number;
  /** Wait until the disk is tried again after a failure, ms. */
  diskRetry?: number;
  /** Between two checks of the disk, ms. */
  maintenanceInterval?: number;
  /** Without any answer for this long, Redis counts as unreachable, ms. */
  patience?: number;
  /** Longest wait between two attempts while Redis is unreachable, ms. */
  longestRetry?: number;
}

const MEMORY_CAPACITY = 5_000;
/** Below this many faults in memory the next segment is read: two windows, so that admission does not wait for the disk. */
const READ_AHEAD = 400;
const DISK_RETRY_MS = 5_000;
const MAINTENANCE_MS = 20_000;
const CLOSE_PATIENCE_MS = 5_000;
const LOSS_LOG_INTERVAL_MS = 60_000;

/**
 * Faults that were received and are not admitted yet, in the order of receipt: first those in the window, in memory; then
 * those on disk; then the tail, in memory too, which is empty unless the disk fails.
 *
 * While Redis answers, faults pass through memory alone. When it does not, all are copied to disk first, so that they
 * outlive this process; a burst that memory cannot hold goes to disk as well. The next start adopts them, under the ids
 * that they were given at receipt: admission counts none of them twice. What `maxBytes` leaves no room for is lost at once, and
 * not kept in memory, which would die with the process. Where the disk fails, memory holds what it can. What is lost is the
 * newest; it is logged, and counted for its cluster.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #directory: SpoolDirectory;
  readonly #store: SegmentStore;
  readonly #window: AdmissionWindow;
  readonly #tail: SpooledFault[] = [];
  #position = 0;
  #lost = 0;
  #lossLoggedAt = Number.NEGATIVE_INFINITY;
  readonly #disk: DiskAccess;
  readonly #maintenance: BackgroundLoop;
  #reading: Promise<void> | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(options: SpoolOptions) {
    const { admit, directory, diskRetry = DISK_RETRY_MS, logger, longestRetry, maxBytes, patience } = options;
    this.#options = options;
    this.#disk = new DiskAccess({ directory, retry: diskRetry, onRecovered: () => this.#diskRecovered(), logger });
    this.#directory = new SpoolDirectory(directory);
    this.#store = new SegmentStore(this.#directory, maxBytes);
    this.#window = new AdmissionWindow({
      admit,
      onAnswered: (fault, outcome) => this.#answered(fault, outcome),
      onDefect: (fault, error) => this.#defective(fault, error),
      onStall: () => this.#secure(),
      onRoom: () => this.#advance(),
      ...(patience !== undefined && { patience }),
      ...(longestRetry !== undefined && { longestRetry }),
      logger,
    });
    this.#maintenance = new BackgroundLoop(async () => this.#maintain(), {
      interval: options.maintenanceInterval ?? MAINTENANCE_MS,
      onError: (error) => logger.error({ error }, 'spool maintenance failed'),
    });
  }

  /** Adopts the faults of ingesters that ended, now and at an interval. */
  start(): void {
    this.#maintenance.start();
  }

  /** Adds a fault. Never throws. */
  add(event: ClusterEvent): void {
    this.#tail.push({ position: this.#nextPosition(), incidentId: randomUUID(), event });
    this.#settle();
    if (this.#tail.length > 0 && this.#inMemory > this.#capacity) this.#lose(this.#tail.pop());
  }

  health(): SpoolHealth {
    const spooling = this.#window.stalled || this.#store.hasUnread;
    return {
      state: this.#disk.error !== undefined ? 'memory-only' : spooling ? 'spooling' : 'flowing',
      in_memory: this.#inMemory,
      disk_bytes: this.#store.bytes,
      lost: this.#lost,
      ...(this.#disk.error !== undefined && { error: this.#disk.error }),
    };
  }

  /**
   * Resolves when all is answered, or Redis fails once more, or 5 s have passed. The rest stays on disk for the next
   * start; what the disk does not take either is counted as lost. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { logger } = this.#options;
    await this.#maintenance.stop();
    this.#window.abort();
    const end = Date.now() + CLOSE_PATIENCE_MS;
    while (this.#unanswered && !this.#window.stalled && Date.now() < end) await sleep(10);
    this.#closed = true;
    this.#disk.retryNow();
    this.#secure();
    this.#settle();
    await this.#reading;
    this.#store.sweep();
    const lost = [...this.#inMemoryOnly(), ...this.#tail];
    for (const { event } of lost) this.#count(event.cluster_name);
    if (lost.length > 0)
      logger.error(
        { lost: lost.length },
        'faults lost at shutdown: redis is unreachable, and the spool is full or failed',
      );
    if (this.#store.bytes > 0)
      logger.warn(
        { ...this.health(), directory: this.#options.directory },
        'faults left in the spool for the next start',
      );
    await this.#store.close();
    this.#disk.retryNow();
    this.#disk.try('released', () => this.#directory.release());
  }

  get #unanswered(): boolean {
    return this.#window.size > 0 || this.#store.hasUnread || this.#tail.length > 0;
  }

  get #inMemory(): number {
    return this.#window.size + this.#tail.length;
  }

  get #capacity(): number {
    return this.#options.memoryCapacity ?? MEMORY_CAPACITY;
  }

  readonly #nextPosition = (): number => {
    this.#position += 1;
    return this.#position;
  };

  /** Moves the faults of the tail into the window or to the disk, as far as there is room. */
  #settle(): void {
    while (this.#tail.length > 0) {
      const [fault] = this.#tail;
      if (!fault) return;
      const { size, stalled } = this.#window;
      const mayFlow = !this.#store.hasUnread && (size === 0 || (!stalled && size < this.#capacity));
      const isWritten = mayFlow || this.#disk.try('written', () => this.#store.append(fault));
      if (isWritten === undefined) return;
      this.#tail.shift();
      if (mayFlow) this.#window.push(fault);
      else if (!isWritten) this.#lose(fault);
    }
  }

  /** Copies what is in memory to the disk: it may stay in memory for long. Of what is in flight the outcome is not known. */
  #secure(): void {
    const faults = this.#inMemoryOnly();
    const secured = this.#disk.try('written', () => this.#store.secure(faults));
    if (secured === undefined) return;
    for (const fault of this.#window.discard(faults.slice(secured))) this.#lose(fault);
  }

  #inMemoryOnly(): SpooledFault[] {
    return this.#window.faults().filter(({ segment }) => !segment);
  }

  #advance(): void {
    if (this.#closed) return;
    if (!this.#store.hasUnread) this.#settle();
    else if (this.#window.size === 0 || (this.#window.size < READ_AHEAD && !this.#window.stalled))
      this.#reading ??= this.#read();
  }

  async #read(): Promise<void> {
    const { logger } = this.#options;
    try {
      const { faults, damaged } = await this.#store.read(this.#nextPosition);
      if (damaged.length > 0) {
        logger.error(
          { lines: damaged.length, clusters: [...new Set(damaged)] },
          'faults lost: damaged lines in the spool',
        );
        for (const cluster of damaged) this.#count(cluster);
      }
      this.#reading = undefined;
      this.#window.push(...faults);
      if (faults.length === 0) this.#advance();
    } catch (error) {
      this.#reading = undefined;
      logger.error({ error, directory: this.#directory.own }, 'spool segment not read; left on disk');
      this.#advance();
    }
  }

  #adopt(): void {
    const { logger } = this.#options;
    const adopted: Segment[] = [];
    this.#disk.try('read', () => {
      this.#directory.check();
      for (const segment of this.#store.adopt(this.#nextPosition)) adopted.push(segment);
    });
    if (adopted.length === 0) return;
    logger.info({ segments: adopted.length, bytes: this.#store.bytes }, 'spool of an ended ingester adopted');
    this.#advance();
  }

  #maintain(): void {
    this.#directory.touch();
    this.#adopt();
    // The disk may work again.
    this.#settle();
    this.#store.sweep();
  }

  /** Copies what the disk did not take when Redis became unreachable. */
  #diskRecovered(): void {
    if (this.#window.stalled && !this.#closed) this.#secure();
  }

  #answered(fault: SpooledFault, outcome: AdmissionOutcome): void {
    this.#store.answered(fault);
    this.#options.onOutcome(fault.event, outcome);
  }

  #defective(fault: SpooledFault, error: unknown): void {
    const { event, cluster_name } = fault.event;
    this.#options.logger.error({ cluster: cluster_name, error, event }, 'fault lost: it is invalid');
    this.#store.answered(fault);
    this.#count(cluster_name);
  }

  #lose(fault: SpooledFault | undefined): void {
    if (!fault) return;
    const { logger, maxBytes } = this.#options;
    const cluster = fault.event.cluster_name;
    this.#count(cluster);
    const now = Date.now();
    if (now - this.#lossLoggedAt < LOSS_LOG_INTERVAL_MS) return;
    this.#lossLoggedAt = now;
    logger.error({ cluster, lost: this.#lost, spool_max_bytes: maxBytes }, 'faults lost: spool is full');
  }

  #count(cluster: string): void {
    this.#lost += 1;
    this.#options.onLost(cluster);
  }
}
