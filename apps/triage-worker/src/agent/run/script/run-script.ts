import { execa } from 'execa';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import path from 'node:path';
import type { AgentExit, ScriptGrace } from '../../../agent-runtime.ts';
import { lastLine } from './last-line.ts';
import { readExit } from './script-exit.ts';
import { forgetScript, recordScript } from './script-process.ts';

export interface ScriptCall {
  script: string;
  arguments: string[];
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  directory: string;
  /** Receives `script-stdout.log` and `script-stderr.log`. */
  logsDirectory: string;
  timeoutSeconds: number;
  grace: ScriptGrace;
  signal: AbortSignal;
}

/**
 * Runs a script of `agent_script_path` on a complete workspace, as the leader of a process group. An abort or the outer
 * deadline stops it and its descendants with SIGTERM, then with SIGKILL; the first of the two is the cause that counts.
 * @throws the signal's reason, once the script has exited
 */
export async function runScript(call: ScriptCall): Promise<AgentExit> {
  const { script, signal, grace } = call;
  signal.throwIfAborted();
  const stderrFile = path.join(call.logsDirectory, 'script-stderr.log');
  using stdout = await openLog(path.join(call.logsDirectory, 'script-stdout.log'));
  using stderr = await openLog(stderrFile);
  const running = execa(script, call.arguments, {
    cwd: call.directory,
    env: call.environment,
    extendEnv: false,
    stdin: 'ignore',
    // Their descriptors are passed on, so the script can write when this worker has died.
    stdout: stdout.stream,
    stderr: stderr.stream,
    timeout: Math.ceil((call.timeoutSeconds + grace.overrun) * 1000),
    cancelSignal: signal,
    forceKillAfterDelay: Math.ceil(grace.kill * 1000),
    killDescendants: true,
    reject: false,
  });
  if (running.pid !== undefined) recordScript(call.directory, running.pid);
  const result = await running;
  await forgetScript(call.directory);
  if (result.isCanceled) signal.throwIfAborted();
  return readExit(script, result, await lastLine(stderrFile));
}

/** @throws ErrnoException when the file cannot be written */
async function openLog(file: string): Promise<{ stream: WriteStream } & Disposable> {
  const stream = createWriteStream(file, { mode: 0o600 });
  await once(stream, 'open');
  return { stream, [Symbol.dispose]: () => void stream.destroy() };
}
