import type { AgentCli } from '@nightcrier/core/settings/config';
import path from 'node:path';
import { EngineError, isNotFound } from './engine/engine-error.ts';
import type { AgentExit, AgentRun, OutputSummary, RunEnd } from '../../agent-runtime.ts';
import { lastLine } from './script/last-line.ts';
import { exitFromRecord, readContainerRecord, writeContainerRecord } from './container-record.ts';
import { advance, type RunEvent, type RunState } from './run-state.ts';

/** Milliseconds after the deadline at which an agent is ended from outside, if its container has not ended it. */
const GUARD_GRACE_MS = 15_000;

/** What a run leaves to its worker. */
export interface SupervisedRun {
  exit: AgentExit;
  /** Resolves when the container is removed. Never rejects. */
  gone: Promise<unknown>;
  /** Entries of the output that were not taken, with the reason. */
  skipped: OutputSummary['skipped'];
}

export interface Supervision {
  agent: AgentCli;
  model: string | undefined;
  image: string;
  /** As configured, for the reason of an end. */
  memory: string;
  logsDirectory: string;
  outputDirectory: string;
  signal: AbortSignal;
}

/**
 * Follows a run to its end, collects its output, records the end as `container.json`, and removes the container. An abort
 * stops it, unless another worker has adopted it.
 * @throws the signal's reason when it is aborted
 */
export async function superviseRun(run: AgentRun, supervision: Supervision): Promise<SupervisedRun> {
  const supervisor = new RunSupervisor(run, supervision);
  return supervisor.supervise();
}

/** The only writer of the state of a run. */
class RunSupervisor {
  readonly #run: AgentRun;
  readonly #supervision: Supervision;
  #state: RunState = { kind: 'created' };

  constructor(run: AgentRun, supervision: Supervision) {
    this.#run = run;
    this.#supervision = supervision;
    this.#advance({ kind: 'started' });
  }

  async supervise(): Promise<SupervisedRun> {
    const { logsDirectory, signal } = this.#supervision;
    try {
      this.#advance({ kind: 'ended', end: await this.#untilEnded() });
    } catch (error) {
      if (signal.aborted) return await this.#stop();
      const lost = await this.#lost(error);
      if (lost !== undefined) return lost;
      throw error;
    }
    if (await this.#run.isTakenOver()) {
      return settled({ kind: 'unavailable', reason: `another worker has adopted ${this.#run.container}` });
    }
    const { skipped } = await this.#run.output(this.#supervision.outputDirectory);
    const end = await this.#record();
    const gone = this.#remove();
    return {
      exit: readEnd(end, await lastWords(logsDirectory), this.#supervision.memory),
      gone,
      skipped,
    };
  }

  /** The first of the agent's own end and the guard counts. */
  async #untilEnded(): Promise<RunEnd> {
    const { logsDirectory, signal } = this.#supervision;
    const guard = AbortSignal.timeout(Math.max(0, this.#run.deadline + GUARD_GRACE_MS - Date.now()));
    try {
      return await this.#run.wait(logsDirectory, AbortSignal.any([signal, guard]));
    } catch (error) {
      if (!guard.aborted || signal.aborted) throw error;
      return { reason: 'timeout', exitCode: 124, oomKilled: false };
    }
  }

  /** Stops and removes an aborted run; one that another worker has adopted is left alone. */
  async #stop(): Promise<never> {
    const { signal } = this.#supervision;
    try {
      if (!(await this.#run.isTakenOver())) {
        this.#advance({ kind: 'ended', end: { reason: 'stopped', exitCode: 143, oomKilled: false } });
        await this.#record();
        await this.#remove();
      }
    } catch {
      // The engine is gone too; the sweeper or the next attempt removes the container.
    }
    signal.throwIfAborted();
    throw new Error('a run was stopped without an abort');
  }

  /** Maps a run whose end cannot be followed. @returns undefined for an unexpected error */
  async #lost(error: unknown): Promise<SupervisedRun | undefined> {
    if (!(error instanceof EngineError)) return undefined;
    const record = isNotFound(error) ? await readContainerRecord(this.#supervision.logsDirectory) : undefined;
    // The script of an earlier version, or another worker, has recorded its end and removed it.
    const recorded = record?.container === this.#run.container ? exitFromRecord(record) : undefined;
    if (recorded !== undefined) return settled(recorded);
    const reason = isNotFound(error) ? `${this.#run.container} vanished before its end could be read` : error.message;
    return settled({ kind: 'unavailable', reason });
  }

  async #record(): Promise<RunEnd> {
    const { agent, model, image, logsDirectory } = this.#supervision;
    if (this.#state.kind !== 'ended') throw new Error(`a run that is ${this.#state.kind} cannot be recorded`);
    const { end } = this.#state;
    await writeContainerRecord(logsDirectory, {
      container: this.#run.container,
      image,
      agent,
      model: model ?? '',
      reason: end.reason,
      exit_code: end.exitCode,
      oom_killed: end.oomKilled,
      started_at: this.#run.startedAt,
      finished_at: new Date().toISOString(),
    });
    this.#advance({ kind: 'recorded' });
    return end;
  }

  async #remove(): Promise<void> {
    try {
      await this.#run.remove();
      this.#advance({ kind: 'removed' });
    } catch {
      // The sweeper removes it.
    }
  }

  #advance(event: RunEvent): void {
    this.#state = advance(this.#state, event);
  }
}

/** Returns a run that is over and leaves nothing to remove. */
export function settled(exit: AgentExit): SupervisedRun {
  return { exit, gone: Promise.resolve(), skipped: new Map() };
}

function readEnd({ reason, exitCode }: RunEnd, last: string, memory: string): AgentExit {
  switch (reason) {
    case 'timeout':
      return { kind: 'timed_out' };
    case 'oom':
      return { kind: 'killed', reason: `it used more memory than agent_memory allows (${memory})` };
    case 'killed':
      return { kind: 'killed', reason: '' };
    case 'stopped':
      return { kind: 'interrupted', reason: 'the worker stopped it' };
    case 'exited': {
      if (exitCode !== 126 && exitCode !== 127) return { kind: 'exited', code: exitCode, lastLine: last };
      const because = last === '' ? '' : `: ${last}`;
      return { kind: 'unusable', reason: `a program that the agent's image needs cannot be run${because}` };
    }
    default:
      return reason satisfies never;
  }
}

/** Returns the last line of the agent's stderr; empty if there is only that of start-agent.sh. */
async function lastWords(logsDirectory: string): Promise<string> {
  const line = await lastLine(path.join(logsDirectory, 'agent-stderr.log'));
  return line.startsWith('nightcrier: starting ') ? '' : line;
}
