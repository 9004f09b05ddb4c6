/** The process that {@link file://./script-host.ts} starts: `node script-host-process.ts KILL_GRACE`. */
import { closeSync, openSync } from 'node:fs';
import type { AgentScript, ScriptResult } from '../../agent-script.ts';
import { execLine, type PrestartedShell, sendReady, startShell } from './prestarted-shell.ts';
import type { FromHost, ToHost } from './script-host.ts';

/** Delay before the next shell is started, so that the fork does not compete with the script that has just started. */
const PRESTART_AFTER_MS = 5;

const killGrace = Number(process.argv[2]);
const runs = new Map<number, ScriptRun>();

/** One shell is always started ahead. */
let next: PrestartedShell | undefined;

function takeShell(): PrestartedShell {
  const shell = next ?? startShell(killGrace);
  next = undefined;
  setTimeout(prestart, PRESTART_AFTER_MS);
  return shell;
}

function prestart(): void {
  if (next) return;
  const shell = startShell(killGrace);
  next = shell;
  // It was killed before a script needed it.
  void shell.finally(() => {
    if (next === shell) next = undefined;
  });
}

/** One run of a script. The first of deadline and cancel is recorded as the cause of its end. */
class ScriptRun {
  readonly ended: Promise<ScriptResult>;
  readonly #shell = takeShell();
  readonly #timeout: number;
  #deadline: NodeJS.Timeout | undefined;
  #cause: 'deadline' | 'cancel' | undefined;

  /** @param line what the shell executes to become the script */
  constructor(line: string, timeout: number) {
    this.#timeout = timeout;
    this.#shell.stdin.end(line);
    this.ended = this.#end();
  }

  /** Starts the deadline and sends the script the line that it waits for. */
  ready(): void {
    this.#deadline ??= setTimeout(() => this.#kill('deadline'), this.#timeout);
    sendReady(this.#shell);
  }

  cancel(): void {
    this.#kill('cancel');
  }

  #kill(cause: 'deadline' | 'cancel'): void {
    this.#cause ??= cause;
    this.#shell.kill();
  }

  async #end(): Promise<ScriptResult> {
    const { exitCode, signal, code } = await this.#shell;
    clearTimeout(this.#deadline);
    return { exitCode, signal, code, timedOut: this.#cause === 'deadline', isCanceled: this.#cause === 'cancel' };
  }
}

/** @throws ErrnoException when a file cannot be written */
async function run(id: number, script: AgentScript): Promise<ScriptResult> {
  for (const file of [script.stdout, script.stderr]) closeSync(openSync(file, 'w', 0o600));
  let line: string;
  try {
    line = execLine(script);
  } catch (error) {
    return { code: errorCode(error), timedOut: false, isCanceled: false };
  }
  const begun = new ScriptRun(line, script.timeout);
  runs.set(id, begun);
  return begun.ended.finally(() => runs.delete(id));
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function begin(id: number, script: AgentScript): Promise<void> {
  const answer = await run(id, script).then(
    (result): FromHost => ({ run: id, result }),
    ({ message, code, syscall }: NodeJS.ErrnoException): FromHost => ({ run: id, error: { message, code, syscall } }),
  );
  process.send?.(answer);
}

process.on('message', (message: ToHost) => {
  if ('begin' in message) void begin(message.run, message.begin);
  else if ('ready' in message) runs.get(message.run)?.ready();
  else runs.get(message.run)?.cancel();
});
process.once('disconnect', () => process.exit(0));
prestart();
