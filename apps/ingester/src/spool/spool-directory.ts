import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

/** Whose directory it is, said by its name, so that there is no moment at which it has no owner. */
const NAME = /^(?<host>[^~]+)~(?<pid>\d+)~(?<started>\d+)~[0-9a-f-]{36}$/;
/** Of an ingester that has stopped and left faults behind. */
const LEFT = /^left~[0-9a-f-]{36}$/;

/** A process of another host or container cannot be asked for; it is dead when it was silent for so long, ms. */
const SILENT_FOR_MS = 60_000;

/**
 * The part of `spool_dir` that is this process's own, `<spool_dir>/<host>~<pid>~<start>~<uuid>/`. It is made when it is
 * first needed. Segments of processes that are dead are taken over by renaming them, which only one process can do.
 */
export class SpoolDirectory {
  readonly own: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = path.resolve(root);
    const host = hostname().replaceAll(/[^\w.-]/g, '_') || 'localhost';
    this.own = path.join(this.#root, `${host}~${process.pid}~${startOf(process.pid) ?? 0}~${randomUUID()}`);
  }

  /** Writes something and removes it. @throws Error of the file system, when nothing could be spooled. */
  check(): void {
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    const probe = path.join(this.#root, `probe~${path.basename(this.own)}`);
    try {
      writeFileSync(probe, Buffer.alloc(4096), { mode: 0o600 });
    } finally {
      rmSync(probe, { force: true });
    }
  }

  /** Makes the own directory. */
  open(): void {
    mkdirSync(this.own, { recursive: true, mode: 0o700 });
  }

  /** Says to processes of other hosts that this one lives. */
  touch(now: Date = new Date()): void {
    try {
      utimesSync(this.own, now, now);
    } catch {
      // It has not been made.
    }
  }

  /**
   * Takes over such files of dead processes, oldest first. `nameOf` gives the path of each in the own directory. Each is
   * given away as soon as it is here, since whatever fails then cannot undo that; a directory that fails holds up no other.
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

  /** Puts a file of the own directory where nobody takes it over any more. Returns its path. */
  setAside(file: string): string {
    const target = path.join(this.#root, `damaged~${path.basename(file)}`);
    renameSync(file, target);
    return target;
  }

  /** Gives the own directory back: to nobody when it is empty, else to whoever starts next. */
  release(): void {
    try {
      if (!removeIfEmpty(this.own)) renameSync(this.own, path.join(this.#root, `left~${randomUUID()}`));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }

  /** Other ingesters may do the same at the same time: what is gone is theirs. */
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
    // EPERM: it lives, and is another user's.
    if (!isCode(error, 'EPERM')) return false;
  }
  const start = startOf(Number(pid));
  return start === undefined || start === Number(started);
}

/** When a process started, in clock ticks since boot: a number that was used before names another process then. */
function startOf(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1);
    const start = Number(afterName?.split(' ')[19]);
    return Number.isSafeInteger(start) ? start : undefined;
  } catch {
    return undefined;
  }
}

/** In order; none when it is gone. */
function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Whether it is gone. */
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
