import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ScriptResult } from './agent-exit.ts';

/** What is to be run, and how long at most from the moment when all is ready for it, in milliseconds. */
export interface HostedScript {
  script: string;
  arguments: string[];
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  directory: string;
  /** Files that its output is written to. */
  stdout: string;
  stderr: string;
  /** Then it is told to end, with all its descendants. */
  timeout: number;
}

/** How it ended. `isCanceled`: because it was told to by the abort. */
export type HostedResult = ScriptResult & { isCanceled: boolean };

export type ToHost =
  | { run: number; begin: HostedScript }
  | { run: number; ready: true }
  | { run: number; cancel: true };
/** `error`: it did not get as far as starting the script. */
export type FromHost =
  | { run: number; result: HostedResult }
  | { run: number; error: Pick<NodeJS.ErrnoException, 'message' | 'code' | 'syscall'> };

interface Waiting {
  resolve: (result: HostedResult) => void;
  reject: (error: Error) => void;
}

/**
 * Starts the agent scripts in a small process of its own (docs/adr/0037-scripts-are-started-by-a-small-process.md). When
 * the worker dies, that process goes with it, and the scripts live on to be adopted.
 */
export class ScriptHost {
  readonly #killGrace: number;
  #process: ChildProcess | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #runs = 0;

  /** @param killGrace what a script that is told to end gets until it is killed, ms */
  constructor(killGrace: number) {
    this.#killGrace = killGrace;
  }

  /** Starts the process, so that the first script does not have to wait for it. */
  start(): void {
    this.#process ??= this.#fork();
  }

  /**
   * Runs a script to its end. An abort ends it, first with SIGTERM.
   * @param ready the script gets a line on its stdin when this resolves, and is ended when it rejects
   * @throws Error when the process is gone, and with it the word of how the script ended; ErrnoException when a file cannot
   *   be opened
   */
  async run(script: HostedScript, ready: Promise<unknown>, signal: AbortSignal): Promise<HostedResult> {
    this.start();
    const run = ++this.#runs;
    const cancel = (): void => this.#tell({ run, cancel: true });
    try {
      return await new Promise<HostedResult>((resolve, reject) => {
        this.#waiting.set(run, { resolve, reject });
        this.#tell({ run, begin: script });
        signal.addEventListener('abort', cancel);
        ready.then(() => this.#tell({ run, ready: true }), cancel);
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#waiting.delete(run);
    }
  }

  /** Ends the process, not the scripts. */
  async stop(): Promise<void> {
    if (!this.#process) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  #fork(): ChildProcess {
    const main = fileURLToPath(new URL('script-host-process.ts', import.meta.url));
    // Detached: a Ctrl-C is for the worker alone.
    const child = fork(main, [String(this.#killGrace)], { detached: true, env: {}, execArgv: [] });
    child.on('message', (message: FromHost) => {
      const waiting = this.#waiting.get(message.run);
      if ('result' in message) waiting?.resolve(message.result);
      else waiting?.reject(Object.assign(new Error(message.error.message), message.error));
    });
    child.once('error', (error) => this.#lose(child, error.message));
    child.once('exit', (code, signal) => this.#lose(child, signal ?? `exit code ${code}`));
    return child;
  }

  /** The next script gets another process. */
  #lose(child: ChildProcess, why: string): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    child.kill('SIGKILL');
    for (const { reject } of this.#waiting.values())
      reject(new Error(`the process that runs agent scripts ended: ${why}`));
  }

  #tell(message: ToHost): void {
    this.#process?.send(message);
  }
}
