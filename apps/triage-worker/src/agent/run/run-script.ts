import { open } from 'node:fs/promises';
import path from 'node:path';
import { type AgentExit, readExit } from './agent-exit.ts';
import { untilRecorded } from './container-record.ts';
import type { HostedResult, ScriptHost } from './script-host.ts';

/** How long an agent script may overrun, in seconds. */
export interface Grace {
  /** Past the agent's own deadline, which the script keeps; then it is told to end. */
  overrun: number;
  /** Between SIGTERM and SIGKILL; the script stops and removes its container in this time. */
  kill: number;
}

export interface ScriptCall {
  host: ScriptHost;
  script: string;
  arguments: string[];
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  directory: string;
  /** Gets the script's own `script-stdout.log` and `script-stderr.log`. */
  logsDirectory: string;
  /** Everything that the script may read is there; it was begun before that. */
  ready: Promise<unknown>;
  /** From then on. */
  timeoutSeconds: number;
  grace: Grace;
  signal: AbortSignal;
}

export interface ScriptRun {
  exit: AgentExit;
  /** Resolves when the script has removed what it had started, and is gone. Never rejects. */
  gone: Promise<unknown>;
}

const LAST_WORDS_BYTES = 4_096;

/**
 * Runs the agent script until it is known how the agent ended: by the record that the script makes of it before it removes
 * the container, or, without one, by its exit code. An abort or the outer deadline ends it and all its descendants, first
 * with SIGTERM, then with SIGKILL; whichever of the two comes first is the cause that counts.
 * @throws the signal's reason, or what `ready` was rejected with, once the script is gone, when that was what ended it
 */
export async function runScript(call: ScriptCall): Promise<ScriptRun> {
  call.signal.throwIfAborted();
  const stdout = path.join(call.logsDirectory, 'script-stdout.log');
  const stderr = path.join(call.logsDirectory, 'script-stderr.log');
  const script = {
    script: call.script,
    arguments: call.arguments,
    environment: call.environment,
    directory: call.directory,
    stdout,
    stderr,
    timeout: Math.ceil((call.timeoutSeconds + call.grace.overrun) * 1000),
  };
  const ended = call.host.run(script, call.ready, call.signal);
  const watching = new AbortController();
  const recorded = recordedResult(call.logsDirectory, watching.signal);
  const result = await Promise.race([ended, recorded.catch(async () => ended)]).finally(() => watching.abort());
  if (result.isCanceled) {
    call.signal.throwIfAborted();
    await call.ready;
  }

  return { exit: readExit(call.script, result, await lastLine(stderr)), gone: ended.catch(() => undefined) };
}

/** What the script's exit code will be. Rejects where that cannot be known before. */
async function recordedResult(logsDirectory: string, signal: AbortSignal): Promise<HostedResult> {
  const { reason, exit_code } = await untilRecorded(logsDirectory, signal);
  if (reason === 'stopped') throw new Error('the script will tell by which signal it was stopped');
  return { exitCode: exit_code, timedOut: false, isCanceled: false };
}

async function lastLine(file: string): Promise<string> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, LAST_WORDS_BYTES));
  await handle.read(tail, 0, tail.length, size - tail.length);
  return tail.toString('utf8').trim().split('\n').at(-1)?.slice(0, 500) ?? '';
}
