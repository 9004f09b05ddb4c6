import { backoff } from '@nightcrier/core/async/backoff';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineClient, Inspection } from '../engine/engine-client.ts';
import { EngineError, isNotFound } from '../engine/engine-error.ts';
import type { AgentContainer, AgentRun, OutputSummary, RunEnd } from '../../../agent-runtime.ts';
import { OUTPUT_DIRECTORY } from './container-spec.ts';
import { type AgentEnd, followStreams } from './follow-streams.ts';
import { ENDED_FROM_OUTSIDE } from './list-containers.ts';
import { extractOutput } from '../archive/output-archive.ts';

/** How long an engine may be unreachable, as during its restart, before the run is given up. */
const ENGINE_PATIENCE_MS = 60_000;
const RECONNECT = { initial: 100, max: 2_000 };
/** For the engine to send the output, which is bounded. */
const OUTPUT_TIMEOUT_MS = 60_000;
/** `timeout` and the shell: the agent was ended by its deadline, or by SIGKILL. */
const EXIT_TIMEOUT = 124;
const EXIT_KILLED = 137;

type RunContainer = AgentRun['container'] & Pick<AgentContainer, 'id' | 'holdsOutput'>;

/** A run in a container. */
export class DockerRun implements AgentRun {
  readonly container: RunContainer;
  readonly #engine: EngineClient;

  constructor(engine: EngineClient, container: RunContainer) {
    this.#engine = engine;
    this.container = container;
  }

  async wait(logsDirectory: string, signal: AbortSignal): Promise<RunEnd> {
    let unreachableSince: number | undefined;
    for (let failures = 1; ; failures += 1) {
      try {
        const end = await followStreams(await this.#engine.followLogs(this.container.id, signal), logsDirectory);
        if (end !== undefined) return endOf(end);
        const inspection = await this.#engine.inspect(this.container.id, signal);
        if (!inspection.State.Running) return endFrom(inspection);
        // The engine restarted, and its containers went on.
        unreachableSince = undefined;
      } catch (error) {
        signal.throwIfAborted();
        if (isNotFound(error)) throw error;
        unreachableSince ??= Date.now();
        if (Date.now() - unreachableSince > ENGINE_PATIENCE_MS) throw asUnreachable(error);
      }
      await sleep(backoff(failures, RECONNECT, Math.random()), undefined, { signal });
    }
  }

  async output(directory: string): Promise<OutputSummary> {
    if (!this.container.holdsOutput) return { skipped: new Map() };
    const signal = AbortSignal.timeout(OUTPUT_TIMEOUT_MS);
    const archive = await this.#engine.getArchive(this.container.id, `${OUTPUT_DIRECTORY}/.`, signal);
    try {
      return await extractOutput(archive, directory);
    } catch (error) {
      // What the file system refuses is not the engine's fault.
      if (error instanceof Error && 'syscall' in error) throw error;
      throw asUnreachable(error);
    }
  }

  async isTakenOver(): Promise<boolean> {
    try {
      const { Name } = await this.#engine.inspect(this.container.id);
      return Name.slice(1) !== this.container.name;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async remove(): Promise<void> {
    await this.#engine.remove(this.container.id);
  }
}

function endOf({ code, timedOut, oom }: AgentEnd): RunEnd {
  if (timedOut && (code === EXIT_TIMEOUT || code === EXIT_KILLED)) {
    return { reason: 'timeout', exitCode: EXIT_TIMEOUT, oomKilled: oom };
  }
  // The kernel may have killed only a part that the agent can do without.
  if (oom && code !== 0) return { reason: 'oom', exitCode: EXIT_KILLED, oomKilled: true };
  if (code === EXIT_KILLED) return { reason: 'killed', exitCode: code, oomKilled: false };
  return { reason: 'exited', exitCode: code, oomKilled: oom };
}

/** The container ended as a whole: before its agent started, or from outside. */
function endFrom({ State: { ExitCode, OOMKilled: oom } }: Inspection): RunEnd {
  // An agent cannot end its container like this: its first process takes no such signal from within.
  if (!oom && ENDED_FROM_OUTSIDE.has(ExitCode)) return { reason: 'stopped', exitCode: ExitCode, oomKilled: false };
  return endOf({ code: oom ? EXIT_KILLED : ExitCode, timedOut: ExitCode === EXIT_TIMEOUT, oom });
}

function asUnreachable(error: unknown): unknown {
  if (error instanceof EngineError) return error;
  return new EngineError('unreachable', `the engine broke off its answer: ${String(error)}`, { cause: error });
}
