import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentScript, ScriptResult, ScriptRunner } from '../../agent-script.ts';

export type ToHost = { run: number; begin: AgentScript } | { run: number; ready: true } | { run: number; cancel: true };
/** `error`: the script could not be started. */
export type FromHost =
  | { run: number; result: ScriptResult }
  | { run: number; error: Pick<NodeJS.ErrnoException, 'message' | 'code' | 'syscall'> };

interface PendingRun {
  resolve: (result: ScriptResult) => void;
  reject: (error: Error) => void;
}

/**
 * Starts the agent scripts in a small child process (docs/adr/0037-script-host-process.md). When the
 * worker dies, that process exits too, and the scripts run on to be adopted.
 */
export class ScriptHost implements ScriptRunner {
  readonly #killGrace: number;
  #process: ChildProcess | undefined;
  readonly #pending = new Map<number, PendingRun>();
  #runs = 0;

  /** @param killGrace from SIGTERM to SIGKILL of a script, ms */
  constructor(killGrace: number) {
    this.#killGrace = killGrace;
  }

  /** Starts the process ahead of the first script. */
  start(): void {
    this.#process ??= this.#fork();
  }

  /** @throws Error when the process exited and the script's result is lost; ErrnoException when a file cannot be opened */
  async run(script: AgentScript, ready: Promise<unknown>, signal: AbortSignal): Promise<ScriptResult> {
    this.start();
    const run = ++this.#runs;
    const cancel = (): void => this.#send({ run, cancel: true });
    try {
      return await new Promise<ScriptResult>((resolve, reject) => {
        this.#pending.set(run, { resolve, reject });
        this.#send({ run, begin: script });
        signal.addEventListener('abort', cancel);
        ready.then(() => this.#send({ run, ready: true }), cancel);
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#pending.delete(run);
    }
  }

  /** Stops the process; scripts run on. */
  async stop(): Promise<void> {
    if (!this.#process) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  #fork(): ChildProcess {
    const main = fileURLToPath(new URL('script-host-process.ts', import.meta.url));
    // Detached: Ctrl-C goes to the worker alone.
    const child = fork(main, [String(this.#killGrace)], { detached: true, env: {}, execArgv: [] });
    child.on('message', (message: FromHost) => {
      const pending = this.#pending.get(message.run);
      if ('result' in message) pending?.resolve(message.result);
      else pending?.reject(Object.assign(new Error(message.error.message), message.error));
    });
    child.once('error', (error) => this.#onExit(child, error.message));
    child.once('exit', (code, signal) => this.#onExit(child, signal ?? `exit code ${code}`));
    return child;
  }

  /** Rejects what is pending; the next script starts another process. */
  #onExit(child: ChildProcess, why: string): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    child.kill('SIGKILL');
    for (const { reject } of this.#pending.values())
      reject(new Error(`the script host process exited (${why}); the result of the agent script is lost`));
  }

  #send(message: ToHost): void {
    this.#process?.send(message);
  }
}
