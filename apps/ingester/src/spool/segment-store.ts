import { close, fdatasync, fstatSync, ftruncateSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SpoolDirectory } from './spool-directory.ts';
import { clusterOfDamaged, readLine, type SpooledFault, writeLine } from './spooled-fault.ts';

/** A file of faults, one in each line, in the order of receipt. */
export interface Segment {
  readonly file: string;
  bytes: number;
  /** Its faults that are in memory and not answered yet. */
  unanswered: number;
}

/** What was in a segment. */
export interface LoadedSegment {
  faults: SpooledFault[];
  /** The cluster of each line that was torn or damaged. */
  damaged: string[];
}

const SEGMENT = /^\d+\.ndjson$/;
const SEGMENT_BYTES = 1_000_000;

/**
 * The segments of this process on disk: `<position of the first fault>.ndjson`, so that their names sort in the order of
 * receipt. A segment is written (the last one only), read as a whole once everything before it is answered, and deleted
 * once all of its own faults are. Writes are synchronous: what `append` took survives the death of the process. They
 * reach the disk itself within a second, like those of Redis's own log.
 */
export class SegmentStore {
  readonly #directory: SpoolDirectory;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  /** Not read yet, oldest first. */
  readonly #unread: Segment[] = [];
  /** The last of the unread, while it is being written. */
  #open: { segment: Segment; descriptor: number } | undefined;
  #syncing: NodeJS.Timeout | undefined;
  #bytes = 0;

  constructor(directory: SpoolDirectory, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#segmentBytes = Math.min(SEGMENT_BYTES, maxBytes / 4);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there are faults on disk that are not in memory. */
  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /**
   * Takes over what dead processes left. `nextPosition` reserves a position for each segment.
   * @throws Error of the file system; what was given by then is taken over
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
   * Writes a fault behind all others on disk. Returns false when there is no room for it.
   * @throws Error of the file system; then nothing of it is left.
   */
  append(fault: SpooledFault): boolean {
    const line = Buffer.from(writeLine(fault));
    if (this.#bytes + line.length > this.#maxBytes) return false;
    if (this.#open && this.#open.segment.bytes + line.length > this.#segmentBytes) this.#seal();
    if (!this.#open) {
      const segment: Segment = { file: this.#fileAt(fault.position), bytes: 0, unanswered: 0 };
      this.#open = { segment, descriptor: this.#create(segment) };
      this.#unread.push(segment);
    }
    const { segment, descriptor } = this.#open;
    this.#write(descriptor, segment, line);
    this.#syncSoon();
    return true;
  }

  /**
   * Writes down faults that are in memory and stay there: all that are before any on disk. Returns false when there is
   * no room for them.
   * @throws Error of the file system; then nothing of them is left.
   */
  secure(faults: SpooledFault[]): boolean {
    const [first] = faults;
    if (!first) return true;
    const text = Buffer.from(faults.map(writeLine).join(''));
    if (this.#bytes + text.length > this.#maxBytes) return false;
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
    return true;
  }

  /** Reads the oldest segment that was not read. `nextPosition` gives each fault its place. */
  async read(nextPosition: () => number): Promise<LoadedSegment> {
    const [segment] = this.#unread;
    if (!segment) return { faults: [], damaged: [] };
    if (segment === this.#open?.segment) this.#seal();
    try {
      const lines = (await readFile(segment.file, 'utf8')).split('\n').filter(Boolean);
      const damaged: string[] = [];
      const faults = lines.flatMap((line): SpooledFault[] => {
        const fault = readLine(line);
        if (fault) return [{ ...fault, position: nextPosition(), segment }];
        damaged.push(clusterOfDamaged(line));
        return [];
      });
      segment.unanswered = faults.length;
      if (faults.length === 0) this.#delete(segment);
      return { faults, damaged };
    } finally {
      this.#unread.shift();
    }
  }

  /** A fault was answered; the last one of a segment deletes it. */
  answered({ segment }: SpooledFault): void {
    if (!segment) return;
    segment.unanswered -= 1;
    if (segment.unanswered === 0) this.#delete(segment);
  }

  close(): void {
    clearTimeout(this.#syncing);
    this.#seal();
  }

  #fileAt(position: number): string {
    return path.join(this.#directory.own, `${String(position).padStart(16, '0')}.ndjson`);
  }

  #create(segment: Segment): number {
    this.#directory.open();
    return openSync(segment.file, 'ax', 0o600);
  }

  /** All or nothing: a full disk may take a part. */
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

  /** To the disk itself within a second. A failure of it shows in the next write. */
  #syncSoon(): void {
    this.#syncing ??= setTimeout(() => {
      this.#syncing = undefined;
      if (this.#open) fdatasync(this.#open.descriptor, () => undefined);
    }, 1_000).unref();
  }

  #delete(segment: Segment): void {
    this.#bytes -= segment.bytes;
    try {
      unlinkSync(segment.file);
    } catch {
      // Taken over by another ingester that thought this one dead: admission knows the ids, and nothing counts twice.
    }
  }
}

/** In the background: nobody waits for the disk. */
function syncAndClose(descriptor: number): void {
  fdatasync(descriptor, () => close(descriptor));
}
