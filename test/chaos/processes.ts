import { execa } from 'execa';
import path from 'node:path';

const APPS = path.join(import.meta.dirname, '../../apps');

const NODE_START_MS = 500;

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

  /** @param file of the configuration */
  constructor(name: string, app: string, file: string, folder: string) {
    this.name = name;
    this.#start = () => spawn(path.join(APPS, app, 'src/main.ts'), file, folder);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
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
    child.all.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    void this.#noteEnd(child);
  }

  async #noteEnd(child: ReturnType<typeof spawn>): Promise<void> {
    const { exitCode, signal } = await child;
    if (this.#child === child) this.#child = undefined;
    if (!this.#expectsEnd) this.unexpected.push(`${this.name} ended: ${signal ?? `exit code ${exitCode}`}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends SIGHUP, unless Node itself is still starting: no program can take it then. */
  reload(): void {
    if (performance.now() - this.#startedAt > NODE_START_MS) this.signal('SIGHUP');
  }

  /** Ends it by a signal and waits. A stop that takes too long is a violation, and ends by SIGKILL. */
  async end(signal: 'SIGKILL' | 'SIGTERM', patience = 40_000): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#expectsEnd = true;
    child.kill(signal);
    const timer = setTimeout(() => {
      this.unexpected.push(`${this.name} did not stop within ${patience} ms`);
      child.kill('SIGKILL');
    }, patience);
    const { exitCode } = await child;
    clearTimeout(timer);
    if (signal === 'SIGTERM' && exitCode !== 0) this.unexpected.push(`${this.name} stopped with ${exitCode}`);
  }
}

function spawn(main: string, file: string, cwd: string) {
  return execa(process.execPath, [main, '--config', file], {
    cwd,
    reject: false,
    buffer: false,
    all: true,
    stdin: 'ignore',
    // Nothing of the environment of the run, such as proxies and keys.
    env: { PATH: process.env.PATH },
    extendEnv: false,
  });
}
