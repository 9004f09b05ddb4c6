import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { makeDirectory } from '@nightcrier/runtime/process/make-directory';
import { hostname } from 'node:os';
import path from 'node:path';

/** The owner of a directory is in its name, so that it has one from the start. */
const NAME = /^(?<host>[^~]+)~(?<pid>\d+)~(?<started>\d+)~[0-9a-f-]{36}$/;
/** Directory of an ingester that has stopped with faults in it. */
const LEFT = /^left~[0-9a-f-]{36}$/;

/** The liveness of a process on another host or in another container cannot be checked. Without a sign for this long it counts as dead, ms. */
const SILENT_FOR_MS = 60_000;

/**
 * This process's directory in `spool_dir`: `<spool_dir>/<host>~<pid>~<start>~<uuid>/`, created when it is first needed.
 * Files of dead processes are adopted by renaming them, which only one process can do.
 */
export class SpoolDirectory {
  readonly own: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = path.resolve(root);
    const host = hostname().replaceAll(/[^\w.-]/g, '_') || 'localhost';
    this.own = path.join(this.#root, `${host}~${process.pid}~${startOf(process.pid) ?? 0}~${randomUUID()}`);
  }

  /** Writes a probe file and removes it. @throws Error of the file system, when nothing could be spooled */
  check(): void {
    makeDirectory(this.#root);
    const probe = path.join(this.#root, `probe~${path.basename(this.own)}`);
    try {
      writeFileSync(probe, Buffer.alloc(4096), { mode: 0o600 });
    } finally {
      rmSync(probe, { force: true });
    }
  }

  /** Creates the own directory. */
  open(): void {
    makeDirectory(this.own);
  }

  /** Updates the directory's time, which shows processes of other hosts that this one is alive. */
  touch(now: Date = new Date()): void {
    try {
      utimesSync(this.own, now, now);
    } catch {
      // It is not created yet.
    }
  }

  /**
   * Adopts matching files of dead processes, oldest first. `nameOf` returns the path of each in the own directory. Yields
   * each file once it is moved, because a later failure cannot undo that. A directory that fails does not block others.
   * @throws Error of the file system, the first one
   */
  *adopt(wanted: RegExp, nameOf: (file: string) => string): Generator<string, void, undefined> {
    const failures: unknown[] = [];
    for (const directory of this.#abandoned()) {
      try {
        yield* this.#empty(directory, wanted, nameOf);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Whether no other ingester has a directory here, so that none has adopted a file that is gone. */
  get isAlone(): boolean {
    return !filesOf(this.#root).some((entry) => NAME.test(entry) && entry !== path.basename(this.own));
  }

  /** Moves a file of the own directory to where no process adopts it. Returns its path. */
  setAside(file: string): string {
    const target = path.join(this.#root, `damaged~${path.basename(file)}`);
    renameSync(file, target);
    return target;
  }

  /** Removes the own directory if it is empty, else leaves it to the next start. */
  release(): void {
    try {
      if (!removeIfEmpty(this.own)) renameSync(this.own, path.join(this.#root, `left~${randomUUID()}`));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }

  /** Moves the files of one directory. Other ingesters may do the same concurrently: a missing file is theirs. */
  *#empty(directory: string, wanted: RegExp, nameOf: (file: string) => string): Generator<string, void, undefined> {
    for (const file of filesOf(directory).filter((entry) => wanted.test(entry))) {
      this.open();
      const target = nameOf(file);
      try {
        renameSync(path.join(directory, file), target);
      } catch (error) {
        if (isCode(error, 'ENOENT')) continue;
        throw error;
      }
      yield target;
    }
    removeIfEmpty(directory);
  }

  #abandoned(): string[] {
    const found: { directory: string; changed: number }[] = [];
    for (const entry of readdirSync(this.#root)) {
      const directory = path.join(this.#root, entry);
      const owner = NAME.exec(entry)?.groups;
      if (directory === this.own || (!owner && !LEFT.test(entry))) continue;
      const changed = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
      if (changed === undefined || (owner && isAlive(owner, changed, path.basename(this.own)))) continue;
      found.push({ directory, changed });
    }
    return found.toSorted((a, b) => a.changed - b.changed).map(({ directory }) => directory);
  }
}

function isAlive({ host, pid, started }: Record<string, string>, changed: number, own: string): boolean {
  if (host !== NAME.exec(own)?.groups?.host) return Date.now() - changed < SILENT_FOR_MS;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it is alive, and belongs to another user.
    if (!isCode(error, 'EPERM')) return false;
  }
  const start = startOf(Number(pid));
  return start === undefined || start === Number(started);
}

/** Returns when a process started, in clock ticks since boot; distinguishes processes that had the same pid. */
function startOf(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1);
    const start = Number(afterName?.split(' ')[19]);
    return Number.isSafeInteger(start) ? start : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the sorted file names; none when the directory is gone. */
function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Returns whether the directory is gone. */
function removeIfEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY')) return false;
    if (isCode(error, 'ENOENT')) return true;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
