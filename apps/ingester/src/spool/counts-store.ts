import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '@nightcrier/core/logger';
import { CountBatch } from '@nightcrier/state/admission/intake-counters';
import { z } from 'zod';
import { SpoolDirectory } from './spool-directory.ts';

/** Counts of a dead process, and their file. */
export interface AdoptedCounts {
  file: string;
  batches: CountBatch[];
}

const COUNTS = /^counts~[0-9a-f-]{36}\.json$/;

/**
 * Stores counts that are not written to Redis in a file of this process under `spool_dir`: `counts~<uuid>.json`. A file
 * keeps its name when another process adopts it.
 */
export class CountsStore {
  /** Unique id of the counting process. */
  readonly source: string;
  readonly #directory: SpoolDirectory;
  readonly #logger: Logger;
  readonly #file: string;
  #kept = false;

  constructor(root: string, logger: Logger) {
    this.#directory = new SpoolDirectory(root);
    this.#logger = logger;
    this.source = path.basename(this.#directory.own).slice(-36);
    this.#file = path.join(this.#directory.own, `counts~${this.source}.json`);
  }

  /** Whether counts of this process are stored. */
  get isKept(): boolean {
    return this.#kept;
  }

  /** Replaces the stored counts. @throws Error of the file system */
  keep(batches: CountBatch[]): void {
    if (batches.length === 0) {
      if (this.#kept) rmSync(this.#file, { force: true });
      this.#kept = false;
      return;
    }
    this.#directory.open();
    writeFileSync(`${this.#file}.new`, JSON.stringify(batches), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
    this.#kept = true;
  }

  /** Adopts the counts of dead processes; a file that cannot be read is set aside. @throws Error of the file system */
  *adopt(): Generator<AdoptedCounts, void, undefined> {
    this.#directory.touch();
    this.#directory.check();
    for (const file of this.#directory.adopt(COUNTS, (name) => path.join(this.#directory.own, name))) {
      const batches = this.#read(file);
      if (batches) yield { file, batches };
    }
  }

  /** Removes adopted counts that are written to Redis. */
  remove({ file }: AdoptedCounts): void {
    rmSync(file, { force: true });
  }

  /** Leaves what is stored to the next start. */
  release(): void {
    this.#directory.release();
  }

  #read(file: string): CountBatch[] | undefined {
    try {
      return z.array(CountBatch).parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      const kept = this.#directory.setAside(file);
      this.#logger.error({ error, file: kept }, 'counts lost; unreadable file set aside');
      return undefined;
    }
  }
}
