import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const APPS = path.join(import.meta.dirname, '../../apps');

/** Exit code of a process that starts with an invalid configuration. */
const INVALID_CONFIGURATION = 78;
/** Exit code of a process that starts while its disk is unwritable. */
const UNWRITABLE = 73;
/** After which a supervisor starts a process again that has ended. */
const RESTART_MS = 500;
/** In masks of the kernel. */
const SIGHUP_BIT = 1n;

/** One process of the system, which can be killed, paused and started again. */
export class ChaosProcess {
  readonly name: string;
  readonly #start: () => ReturnType<typeof spawn>;
  #child: ReturnType<typeof spawn> | undefined;
  #log = '';
  /** Ends that the run did not cause. */
  readonly unexpected: string[] = [];
  #expectsEnd = false;
  #startedAt = 0;
  #loggedBefore = 0;
  #validSince = 0;

  readonly #isElsewhere: boolean;

  /** @param isElsewhere runs it in a namespace of its own for process ids, as a container has: for the others, on another machine */
  constructor(name: string, app: string, place: Place) {
    this.name = name;
    this.#isElsewhere = place.isElsewhere;
    this.#start = () => spawn(path.join(APPS, app, 'src/main.ts'), place);
  }

  /** In a namespace: that of the process behind `unshare` and its shell. */
  get pid(): number | undefined {
    const pid = this.#child?.pid;
    return this.#isElsewhere ? childOf(childOf(pid)) : pid;
  }

  /** The id by which it knows itself: in a namespace, that of the namespace. */
  get ownPid(): number | undefined {
    try {
      const ids = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      return ids === undefined ? undefined : Number(ids.split('\t').at(-1));
    } catch {
      return undefined;
    }
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Everything that it has written. */
  get log(): string {
    return this.#log;
  }

  /** Starts it, unless it runs. */
  start(): void {
    if (this.#child) return;
    const child = this.#start();
    this.#child = child;
    this.#expectsEnd = false;
    this.#startedAt = performance.now();
    this.#loggedBefore = this.#log.length;
    child.all.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    void this.#noteEnd(child);
  }

  async #noteEnd(child: ReturnType<typeof spawn>): Promise<void> {
    const { exitCode, signal } = await child;
    if (this.#child === child) this.#child = undefined;
    if (this.#expectsEnd) return;
    const isInvalid = exitCode === INVALID_CONFIGURATION && this.#startedAt < this.#validSince;
    if (exitCode === UNWRITABLE || isInvalid) {
      await sleep(RESTART_MS);
      if (!this.#expectsEnd) this.start();
    } else this.unexpected.push(`${this.name} ended: ${signal ?? `exit code ${exitCode}`}`);
  }

  /** Records that the configuration is valid from now on, or invalid: a process that starts with it ends, and is started again. */
  configured(valid: boolean): void {
    this.#validSince = valid ? performance.now() : Number.POSITIVE_INFINITY;
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined || pid === this.#child?.pid) {
      this.#child?.kill(signal);
      return;
    }
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has just ended by itself.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  /** Sends SIGHUP, unless Node itself is still starting and has no handler: no program can take it then. */
  reload(): void {
    if (this.#catchesHangUp()) this.signal('SIGHUP');
  }

  #catchesHangUp(): boolean {
    try {
      const mask = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? '0';
      return (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
    } catch {
      return false;
    }
  }

  /** Ends it by a signal and waits. A stop that takes too long is a violation, and ends by SIGKILL. */
  async end(signal: 'SIGKILL' | 'SIGTERM', patience = 120_000): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#expectsEnd = true;
    // A signal that comes before its namespace has started it would be lost.
    while (this.#child === child && this.pid === undefined) await sleep(10);
    const isLoading = this.#log.length === this.#loggedBefore;
    this.signal(signal);
    const timer = setTimeout(() => {
      this.unexpected.push(`${this.name} did not stop within ${patience} ms`);
      child.kill('SIGKILL');
    }, patience);
    const { exitCode, signal: cause } = await child;
    clearTimeout(timer);
    if (signal !== 'SIGTERM' || exitCode === 0) return;
    // While its code is being loaded, a process ends by the signal. Node catches it by itself, so the mask does not tell.
    if ((cause === 'SIGTERM' || exitCode === ENDED_BY_SIGTERM) && isLoading) return;
    this.unexpected.push(`${this.name} stopped with ${exitCode ?? cause}: ${this.#log.trim().split('\n').at(-1)}`);
  }
}

/** Where a process runs. */
interface Place {
  /** Of the configuration. */
  file: string;
  folder: string;
  isElsewhere: boolean;
  environment: Record<string, string>;
}

/** Exit code of a shell whose program was ended by SIGTERM. */
const ENDED_BY_SIGTERM = 143;

/** The shell is the first process of the namespace: signals without a handler do nothing to such a one. */
const ELSEWHERE = ['--pid', '--fork', '--kill-child', '--mount-proc', 'bash', '-c', '"$@"; exit $?', 'bash'];

function spawn(main: string, { file, folder, isElsewhere, environment }: Place) {
  const command = [process.execPath, main, '--config', file];
  const [program = '', ...args] = isElsewhere ? ['unshare', ...ELSEWHERE, ...command] : command;
  return execa(program, args, {
    cwd: folder,
    reject: false,
    buffer: false,
    all: true,
    stdin: 'ignore',
    // A stop has the time that `end` gives it.
    forceKillAfterDelay: false,
    // Nothing of the environment of the run, such as proxies and keys.
    env: { PATH: process.env.PATH, ...environment },
    extendEnv: false,
  });
}

/** Returns the first child of a process. */
function childOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return first ? Number(first) : undefined;
  } catch {
    return undefined;
  }
}
