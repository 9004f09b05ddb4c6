/** The process that {@link file://./script-host.ts} starts: `node script-host-process.ts KILL_GRACE`. */
import { closeSync, openSync } from 'node:fs';
import type { FromHost, HostedResult, HostedScript, ToHost } from './script-host.ts';
import { lineToBecome, startWaitingShell, tellReady, type WaitingShell } from './waiting-shell.ts';

/** A fork would take a processor from the script that has just begun. */
const AHEAD_AFTER_MS = 5;

const killGrace = Number(process.argv[2]);
const runs = new Map<number, ScriptRun>();

/** Always one ahead. */
let next: WaitingShell | undefined;

function takeShell(): WaitingShell {
  const shell = next ?? startWaitingShell(killGrace);
  next = undefined;
  setTimeout(waitAhead, AHEAD_AFTER_MS);
  return shell;
}

function waitAhead(): void {
  if (next) return;
  const shell = startWaitingShell(killGrace);
  next = shell;
  // Somebody has killed it.
  void shell.finally(() => {
    if (next === shell) next = undefined;
  });
}

/** A script from its begin to its end; what comes first of deadline and cancel is why it was ended. */
class ScriptRun {
  readonly ended: Promise<HostedResult>;
  readonly #shell = takeShell();
  readonly #timeout: number;
  #deadline: NodeJS.Timeout | undefined;
  #cause: 'deadline' | 'cancel' | undefined;

  /** @param line by which a shell becomes the script */
  constructor(line: string, timeout: number) {
    this.#timeout = timeout;
    this.#shell.stdin.end(line);
    this.ended = this.#end();
  }

  /** Tells the script that it need not wait any longer. */
  ready(): void {
    this.#deadline ??= setTimeout(() => this.#kill('deadline'), this.#timeout);
    tellReady(this.#shell);
  }

  cancel(): void {
    this.#kill('cancel');
  }

  #kill(cause: 'deadline' | 'cancel'): void {
    this.#cause ??= cause;
    this.#shell.kill();
  }

  async #end(): Promise<HostedResult> {
    const { exitCode, signal, code } = await this.#shell;
    clearTimeout(this.#deadline);
    return { exitCode, signal, code, timedOut: this.#cause === 'deadline', isCanceled: this.#cause === 'cancel' };
  }
}

/** @throws ErrnoException when a file cannot be written */
async function run(id: number, script: HostedScript): Promise<HostedResult> {
  for (const file of [script.stdout, script.stderr]) closeSync(openSync(file, 'w', 0o600));
  let line: string;
  try {
    line = lineToBecome(script);
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

async function begin(id: number, script: HostedScript): Promise<void> {
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
waitAhead();
