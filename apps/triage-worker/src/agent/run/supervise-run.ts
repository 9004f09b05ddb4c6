import type { Settings } from '@nightcrier/core/settings/config';
import path from 'node:path';
import type { AgentExit, AgentRun, OutputSummary, RunEnd } from '../../agent-runtime.ts';
import { exitFromRecord, exitOf, readContainerRecord, writeContainerRecord } from './container-record.ts';
import { EngineError, isNotFound } from './engine/engine-error.ts';
import { advance, type RunEvent, type RunState } from './run-state.ts';
import { lastLine } from './script/last-line.ts';

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
  config: Pick<Settings, 'agent_cli' | 'agent_image' | 'agent_memory' | 'agent_model'>;
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
  return new RunSupervisor(run, supervision).supervise();
}

/** Returns a run that is over and leaves nothing to remove. */
export function settled(exit: AgentExit): SupervisedRun {
  return { exit, gone: Promise.resolve(), skipped: new Map() };
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
    const { config, logsDirectory, outputDirectory, signal } = this.#supervision;
    try {
      this.#advance({ kind: 'ended', end: await this.#untilEnded() });
    } catch (error) {
      if (signal.aborted) return this.#stop();
      return settled(await this.#exitOfLost(error));
    }
    if (await this.#run.isTakenOver()) {
      return settled({ kind: 'unavailable', reason: `another worker has adopted ${this.#run.container.name}` });
    }
    const { skipped } = await this.#run.output(outputDirectory);
    const end = this.#record();
    const gone = this.#remove();
    return { exit: exitOf(end, await lastWords(logsDirectory), config.agent_memory), gone, skipped };
  }

  /** The first of the agent's own end and the guard counts. */
  async #untilEnded(): Promise<RunEnd> {
    const { logsDirectory, signal } = this.#supervision;
    const guard = AbortSignal.timeout(Math.max(0, this.#run.container.deadline + GUARD_GRACE_MS - Date.now()));
    try {
      return await this.#run.wait(logsDirectory, AbortSignal.any([signal, guard]));
    } catch (error) {
      if (!guard.aborted || signal.aborted) throw error;
      return { reason: 'timeout', exitCode: 124, oomKilled: false };
    }
  }

  /** Stops and removes an aborted run; one that another worker has adopted is left alone. */
  async #stop(): Promise<never> {
    try {
      if (!(await this.#run.isTakenOver())) {
        this.#advance({ kind: 'ended', end: { reason: 'stopped', exitCode: 143, oomKilled: false } });
        this.#record();
        await this.#remove();
      }
    } catch {
      // The engine is gone too; the sweeper or the next attempt removes the container.
    }
    this.#supervision.signal.throwIfAborted();
    throw new Error('a run was stopped without an abort');
  }

  /** Returns the exit of a run whose end cannot be followed. @throws an unexpected error */
  async #exitOfLost(error: unknown): Promise<AgentExit> {
    if (!(error instanceof EngineError)) throw error;
    if (!isNotFound(error)) return { kind: 'unavailable', reason: error.message };
    const { name } = this.#run.container;
    // The script of version 0.1, or another worker, has recorded its end and removed it.
    const record = await readContainerRecord(this.#supervision.logsDirectory);
    const recorded = record?.container === name ? exitFromRecord(record) : undefined;
    return recorded ?? { kind: 'unavailable', reason: `${name} vanished before its end could be read` };
  }

  #record(): RunEnd {
    const { config, logsDirectory } = this.#supervision;
    if (this.#state.kind !== 'ended') throw new Error(`a run that is ${this.#state.kind} cannot be recorded`);
    const { end } = this.#state;
    writeContainerRecord(logsDirectory, {
      container: this.#run.container.name,
      image: config.agent_image,
      agent: config.agent_cli,
      model: config.agent_model ?? '',
      reason: end.reason,
      exit_code: end.exitCode,
      oom_killed: end.oomKilled,
      started_at: new Date(this.#run.container.startedAt).toISOString(),
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

/** Returns the last line of the agent's stderr; empty if there is only that of start-agent.sh. */
async function lastWords(logsDirectory: string): Promise<string> {
  const line = await lastLine(path.join(logsDirectory, 'agent-stderr.log'));
  return line.startsWith('nightcrier: starting ') ? '' : line;
}
