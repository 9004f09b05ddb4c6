import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { SpoolHealth } from '@nightcrier/core/clusters/ingester-health';
import type { Logger } from '@nightcrier/core/logger';
import { AdmissionWindow, type Admit } from './admission-window.ts';
import { type Segment, SegmentStore } from './segment-store.ts';
import { SpoolDirectory } from './spool-directory.ts';
import type { SpooledFault } from './spooled-fault.ts';

export interface SpoolOptions {
  admit: Admit;
  onOutcome: (event: ClusterEvent, outcome: AdmissionOutcome) => void;
  /** A fault of the cluster is lost. */
  onLost: (cluster: string) => void;
  logger: Logger;
  /** Where segments are kept; shared by any number of ingesters. */
  directory: string;
  /** Most bytes of this process's segments. */
  maxBytes: number;
  /** Most faults in memory; some 5 KB each, most of it the permissions of their cluster. */
  memoryCapacity?: number;
  /** Until the disk is tried again after it failed, ms. */
  diskRetry?: number;
  /** Longest wait between two attempts while Redis is away, ms. */
  longestRetry?: number;
}

const MEMORY_CAPACITY = 5_000;
/** Below this many faults in memory the next segment is read: two windows, so that none waits for the disk. */
const READ_AHEAD = 400;
const DISK_RETRY_MS = 5_000;
const MAINTENANCE_MS = 20_000;
const CLOSE_PATIENCE_MS = 5_000;
const LOSS_LOG_INTERVAL_MS = 60_000;

/**
 * Faults between their receipt and the answer of admission, in the order of receipt: those in the window, which are in
 * memory; behind them those on disk; behind them the tail, in memory too, which is empty unless the disk fails or is full.
 *
 * While Redis answers, faults pass through memory alone. When it does not, all are written to disk before anything else
 * happens, so that they outlive this process; and so is what does not fit into memory in a burst. They come back with the
 * next start, under the ids that they were given at receipt: admission counts none of them twice. Where the disk fails
 * too, memory holds what it can. What fits nowhere is lost: the newest, counted for its cluster, and said.
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
  #reading: Promise<void> | undefined;
  #diskError: { message: string; retryAt: number } | undefined;
  #maintenance: NodeJS.Timeout | undefined;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(options: SpoolOptions) {
    const { admit, directory, maxBytes, longestRetry } = options;
    this.#options = options;
    this.#directory = new SpoolDirectory(directory);
    this.#store = new SegmentStore(this.#directory, maxBytes);
    this.#window = new AdmissionWindow({
      admit,
      onAnswered: (fault, outcome) => this.#answered(fault, outcome),
      onDefect: (fault, error) => this.#defective(fault, error),
      onStall: () => this.#secure(),
      onRoom: () => this.#advance(),
      ...(longestRetry !== undefined && { longestRetry }),
    });
  }

  /** Takes over the faults that ingesters before this one left, and goes on to do so. */
  start(): void {
    this.#maintenance ??= setInterval(() => {
      this.#directory.touch();
      this.#adopt();
      // The disk may work again.
      this.#settle();
    }, MAINTENANCE_MS);
    this.#adopt();
  }

  /** Takes a fault. Never throws. */
  add(event: ClusterEvent): void {
    this.#tail.push({ position: this.#nextPosition(), incidentId: randomUUID(), event });
    this.#settle();
    if (this.#tail.length > 0 && this.#inMemory > this.#capacity) this.#lose(this.#tail.pop());
  }

  health(): SpoolHealth {
    const spooling = this.#window.stalled || this.#store.hasUnread;
    return {
      state: this.#diskError ? 'memory-only' : spooling ? 'spooling' : 'flowing',
      in_memory: this.#inMemory,
      disk_bytes: this.#store.bytes,
      lost: this.#lost,
      ...(this.#diskError && { error: this.#diskError.message }),
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
    clearInterval(this.#maintenance);
    this.#window.abort();
    const end = Date.now() + CLOSE_PATIENCE_MS;
    while (this.#unanswered && !this.#window.stalled && Date.now() < end) await sleep(10);
    this.#closed = true;
    // The last chance: a disk that has just failed is not left alone any longer.
    if (this.#diskError) this.#diskError.retryAt = 0;
    this.#secure();
    this.#settle();
    await this.#reading;
    const lost = [...this.#inMemoryOnly(), ...this.#tail];
    for (const { event } of lost) this.#count(event.cluster_name);
    if (lost.length > 0)
      logger.error({ lost: lost.length }, 'faults lost: neither Redis nor the spool could take them at shutdown');
    if (this.#store.bytes > 0)
      logger.warn({ ...this.health(), directory: this.#options.directory }, 'faults wait on disk for the next start');
    this.#store.close();
    this.#onDisk('released', () => this.#directory.release());
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

  /** Moves the tail to where its faults belong now, as far as there is room. */
  #settle(): void {
    while (this.#tail.length > 0) {
      const [fault] = this.#tail;
      if (!fault) return;
      const { size, stalled } = this.#window;
      const mayFlow = !this.#store.hasUnread && (size === 0 || (!stalled && size < this.#capacity));
      if (!mayFlow && !this.#onDisk('written', () => this.#store.append(fault))) return;
      this.#tail.shift();
      if (mayFlow) this.#window.push(fault);
    }
  }

  /** Writes down what is in memory: it may be there for long. */
  #secure(): void {
    this.#onDisk('written', () => this.#store.secure(this.#inMemoryOnly()));
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
        logger.error({ lines: damaged.length, clusters: [...new Set(damaged)] }, 'faults lost: damaged in the spool');
        for (const cluster of damaged) this.#count(cluster);
      }
      this.#reading = undefined;
      this.#window.push(...faults);
      if (faults.length === 0) this.#advance();
    } catch (error) {
      this.#reading = undefined;
      logger.error({ error, directory: this.#directory.own }, 'a segment of the spool cannot be read; it stays there');
      this.#advance();
    }
  }

  #adopt(): void {
    const { logger } = this.#options;
    const adopted: Segment[] = [];
    this.#onDisk('read', () => {
      this.#directory.check();
      for (const segment of this.#store.adopt(this.#nextPosition)) adopted.push(segment);
    });
    if (adopted.length === 0) return;
    logger.info(
      { segments: adopted.length, bytes: this.#store.bytes },
      'faults of an ingester that ended are taken over',
    );
    this.#advance();
  }

  /** Gives what the disk gives. After a failure it is left alone for a while, and the spool is in memory only. */
  #onDisk<T>(what: string, access: () => T): T | undefined {
    const { logger, directory, diskRetry = DISK_RETRY_MS } = this.#options;
    if (this.#diskError && Date.now() < this.#diskError.retryAt) return undefined;
    try {
      const result = access();
      if (this.#diskError) this.#recovered();
      return result;
    } catch (error) {
      const message = `spool_dir ${directory} cannot be ${what}: ${error instanceof Error ? error.message : String(error)}`;
      if (!this.#diskError)
        logger.error({ spool_dir: directory, error }, 'spool is in memory only: make spool_dir writable, or make room');
      this.#diskError = { message, retryAt: Date.now() + diskRetry };
      return undefined;
    }
  }

  #recovered(): void {
    const { logger, directory } = this.#options;
    this.#diskError = undefined;
    logger.info({ spool_dir: directory }, 'spool is on disk again');
    // What the disk did not take when Redis went away.
    if (this.#window.stalled) this.#secure();
  }

  #answered(fault: SpooledFault, outcome: AdmissionOutcome): void {
    this.#store.answered(fault);
    this.#options.onOutcome(fault.event, outcome);
  }

  #defective(fault: SpooledFault, error: unknown): void {
    const { event, cluster_name } = fault.event;
    this.#options.logger.error({ cluster: cluster_name, error, event }, 'fault lost: it cannot be admitted');
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
    logger.error({ cluster, lost: this.#lost, spool_max_bytes: maxBytes }, 'faults lost: the spool is full');
  }

  #count(cluster: string): void {
    this.#lost += 1;
    this.#options.onLost(cluster);
  }
}
