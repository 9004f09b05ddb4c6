import { open } from 'node:fs/promises';
import path from 'node:path';
import type { ScriptGrace, ScriptResult, ScriptRunner } from '../../agent-script.ts';
import { type AgentExit, readExit } from './agent-exit.ts';
import { untilRecorded } from './container-record.ts';

export interface ScriptCall {
  scripts: ScriptRunner;
  script: string;
  arguments: string[];
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  directory: string;
  /** Receives `script-stdout.log` and `script-stderr.log`, the output of the script itself. */
  logsDirectory: string;
  /** Resolves when everything that the script reads is written; the script is started before that. */
  ready: Promise<unknown>;
  /** Counted from `ready`. */
  timeoutSeconds: number;
  grace: ScriptGrace;
  signal: AbortSignal;
}

export interface ScriptRun {
  exit: AgentExit;
  /** Resolves when the script has removed its container and exited. Never rejects. */
  gone: Promise<unknown>;
}

const TAIL_BYTES = 4_096;

/**
 * Runs the agent script until the result of the agent is known: from the record that the script writes before it removes
 * the container, else from its exit code. An abort or the outer deadline stops it and its descendants with SIGTERM, then
 * with SIGKILL; the first of the two is the cause that counts.
 * @throws the signal's reason, or the rejection of `ready`, once the script has exited, when that stopped it
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
  const ended = call.scripts.run(script, call.ready, call.signal);
  const watching = new AbortController();
  const recorded = recordedResult(call.logsDirectory, watching.signal);
  const result = await Promise.race([ended, recorded.catch(async () => ended)]).finally(() => watching.abort());
  if (result.isCanceled) {
    call.signal.throwIfAborted();
    await call.ready;
  }

  return { exit: readExit(call.script, result, await lastLine(stderr)), gone: ended.catch(() => undefined) };
}

/** Returns the exit code that the script will have. Rejects when that cannot be known before it exits. */
async function recordedResult(logsDirectory: string, signal: AbortSignal): Promise<ScriptResult> {
  const { reason, exit_code } = await untilRecorded(logsDirectory, signal);
  if (reason === 'stopped') throw new Error('the container was stopped; the exit code of the script names the signal');
  return { exitCode: exit_code, timedOut: false, isCanceled: false };
}

async function lastLine(file: string): Promise<string> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  await handle.read(tail, 0, tail.length, size - tail.length);
  return tail.toString('utf8').trim().split('\n').at(-1)?.slice(0, 500) ?? '';
}
