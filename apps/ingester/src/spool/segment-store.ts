import { close, fdatasync, fstatSync, ftruncateSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { SpoolDirectory } from './spool-directory.ts';
import type { Segment } from './segment.ts';
import { clusterOfDamaged, readLine, type SpooledFault, writeLine } from './spooled-fault.ts';

/** The content of a segment. */
export interface LoadedSegment {
  faults: SpooledFault[];
  /** The cluster of each line that was torn or damaged, or is gone. */
  damaged: string[];
}

const SEGMENT = /^\d+\.ndjson$/;
const SEGMENT_BYTES = 1_000_000;
/** Between a write and its sync to the disk, ms. */
const SYNC_DELAY_MS = 1_000;

/**
 * The segments of this process on disk: `<position of the first fault>.ndjson`, so that their names sort in the order of
 * receipt. A segment is written (the last one only), read as a whole once everything before it is answered, and deleted
 * once all of its own faults are. Writes are synchronous: an appended fault survives the death of the process. It is synced
 * to the disk within a second, as Redis does with its append-only file.
 */
export class SegmentStore {
  readonly #directory: SpoolDirectory;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  /** Room for the faults that are in flight when Redis becomes unreachable, bytes. */
  readonly #reserve: number;
  /** Segments that were not read yet, oldest first. */
  readonly #unread: Segment[] = [];
  /** The last of the unread segments, while it is being written. */
  #open: { segment: Segment; descriptor: number } | undefined;
  /** Segments whose faults are all answered, and which could not be deleted. */
  readonly #undeleted = new Set<Segment>();
  readonly #syncLoop: BackgroundLoop;
  #bytes = 0;

  constructor(directory: SpoolDirectory, maxBytes: number) {
    this.#directory = directory;
    // A sync that fails shows in the next write.
    this.#syncLoop = new BackgroundLoop(async () => this.#sync(), {
      interval: Infinity,
      firstRun: 'after_interval',
      onError: () => undefined,
    });
    this.#syncLoop.start();
    this.#maxBytes = maxBytes;
    this.#segmentBytes = Math.min(SEGMENT_BYTES, maxBytes / 4);
    this.#reserve = this.#segmentBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there are faults on disk that are not in memory. */
  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /**
   * Adopts the segments of dead processes. `nextPosition` reserves a position for each.
   * @throws Error of the file system; what was yielded by then is adopted
   */
  *adopt(nextPosition: () => number): Generator<Segment, void, undefined> {
    this.#seal();
    for (const file of this.#directory.adopt(SEGMENT, () => this.#fileAt(nextPosition()))) {
      const segment: Segment = { file, bytes: statSync(file).size, unanswered: 0 };
      this.#unread.push(segment);
      this.#bytes += segment.bytes;
      yield segment;
    }
  }

  /**
   * Writes a fault behind all others on disk. Returns false when `maxBytes` leaves no room for it and for what may be in flight.
   * @throws Error of the file system; then nothing of the fault is on disk
   */
  append(fault: SpooledFault): boolean {
    const line = Buffer.from(writeLine(fault));
    if (this.#bytes + line.length > this.#maxBytes - this.#reserve) return false;
    if (this.#open && this.#open.segment.bytes + line.length > this.#segmentBytes) this.#seal();
    if (!this.#open) {
      const segment: Segment = { file: this.#fileAt(fault.position), bytes: 0, unanswered: 0, written: new Map() };
      this.#open = { segment, descriptor: this.#create(segment) };
      this.#unread.push(segment);
    }
    const { segment, descriptor } = this.#open;
    this.#write(descriptor, segment, line);
    const { cluster_name } = fault.event;
    segment.written?.set(cluster_name, (segment.written.get(cluster_name) ?? 0) + 1);
    this.#syncLoop.wake(SYNC_DELAY_MS);
    return true;
  }

  /**
   * Copies faults from memory to the disk: those that come before any on disk. Returns how many, from the first one, `maxBytes`
   * leaves room for.
   * @throws Error of the file system; then nothing of them is on disk
   */
  secure(all: readonly SpooledFault[]): number {
    const lines: string[] = [];
    let size = this.#bytes;
    for (const fault of all) {
      const line = writeLine(fault);
      size += Buffer.byteLength(line);
      if (size > this.#maxBytes) break;
      lines.push(line);
    }
    const faults = all.slice(0, lines.length);
    const [first] = faults;
    if (!first) return 0;
    const text = Buffer.from(lines.join(''));
    const segment: Segment = { file: this.#fileAt(first.position), bytes: 0, unanswered: faults.length };
    const descriptor = this.#create(segment);
    try {
      this.#write(descriptor, segment, text);
      for (const fault of faults) fault.segment = segment;
    } catch (error) {
      unlinkSync(segment.file);
      throw error;
    } finally {
      syncAndClose(descriptor);
    }
    return faults.length;
  }

  /** Reads the oldest unread segment. `nextPosition` gives each fault its position. */
  async read(nextPosition: () => number): Promise<LoadedSegment> {
    const [segment] = this.#unread;
    if (!segment) return { faults: [], damaged: [] };
    if (segment === this.#open?.segment) this.#seal();
    try {
      const lines = (await this.#contentOf(segment)).split('\n').filter(Boolean);
      const damaged: string[] = [];
      const faults = lines.flatMap((line): SpooledFault[] => {
        const fault = readLine(line);
        if (fault) return [{ ...fault, position: nextPosition(), segment }];
        damaged.push(clusterOfDamaged(line));
        return [];
      });
      segment.unanswered = faults.length;
      if (faults.length === 0) this.#delete(segment);
      return { faults, damaged: segment.written ? missing(segment.written, faults) : damaged };
    } finally {
      this.#unread.shift();
    }
  }

  /** The content of one that was deleted is empty, unless another ingester may have adopted it. */
  async #contentOf(segment: Segment): Promise<string> {
    try {
      return await readFile(segment.file, 'utf8');
    } catch (error) {
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (isGone && segment.written && this.#directory.isAlone) return '';
      throw error;
    }
  }

  /** Records that a fault was answered; the last one of a segment deletes its file. */
  answered({ segment }: SpooledFault): void {
    if (!segment) return;
    segment.unanswered -= 1;
    if (segment.unanswered === 0) this.#delete(segment);
  }

  /**
   * Deletes the segments that the disk kept when their last fault was answered, as one that is read-only. A start after the retention of
   * their incidents would take these faults as new ones.
   */
  sweep(): void {
    for (const segment of this.#undeleted) this.#delete(segment);
  }

  async close(): Promise<void> {
    await this.#syncLoop.stop();
    this.#seal();
  }

  #fileAt(position: number): string {
    return path.join(this.#directory.own, `${String(position).padStart(16, '0')}.ndjson`);
  }

  #create(segment: Segment): number {
    this.#directory.open();
    return openSync(segment.file, 'ax', 0o600);
  }

  /** Writes all of the text or nothing: a disk that runs full takes a part of it. */
  #write(descriptor: number, segment: Segment, text: Buffer): void {
    try {
      let written = 0;
      while (written < text.length) written += writeSync(descriptor, text, written);
    } catch (error) {
      if (fstatSync(descriptor).size > segment.bytes) ftruncateSync(descriptor, segment.bytes);
      throw error;
    }
    segment.bytes += text.length;
    this.#bytes += text.length;
  }

  #seal(): void {
    if (!this.#open) return;
    const { segment, descriptor } = this.#open;
    this.#open = undefined;
    syncAndClose(descriptor);
    if (segment.bytes > 0) return;
    // Its first write failed.
    this.#unread.splice(this.#unread.indexOf(segment), 1);
    this.#delete(segment);
  }

  #sync(): void {
    if (this.#open) fdatasync(this.#open.descriptor, () => undefined);
  }

  #delete(segment: Segment): void {
    try {
      unlinkSync(segment.file);
    } catch (error) {
      // Missing: adopted by an ingester that took this one for dead. Admission knows the ids, and nothing counts twice.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
        this.#undeleted.add(segment);
        return;
      }
    }
    this.#undeleted.delete(segment);
    this.#bytes -= segment.bytes;
  }
}

/** Returns the cluster of each fault that was written and not read. */
function missing(written: ReadonlyMap<string, number>, read: readonly SpooledFault[]): string[] {
  const left = new Map(written);
  for (const { event } of read) left.set(event.cluster_name, (left.get(event.cluster_name) ?? 0) - 1);
  return [...left].flatMap(([cluster, count]) => Array.from({ length: Math.max(0, count) }, () => cluster));
}

/** Syncs and closes in the background. */
function syncAndClose(descriptor: number): void {
  fdatasync(descriptor, () => close(descriptor));
}
