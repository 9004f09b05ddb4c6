import type { Config } from '@nightcrier/core/settings/config';
import { isFinal } from '@nightcrier/core/incidents/incident';
import type { Logger } from '@nightcrier/core/logger';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { type AgentContainer, type AgentRuntime, OUTPUT_HOLD_MS } from '../../agent-runtime.ts';
import { usesEngine } from '../../roster.ts';

const INTERVAL_MS = 60_000;

export interface ContainerSweeperOptions {
  /** Returns the current configuration. */
  config: () => Config;
  instance: string;
  incidents: IncidentStore;
  runtime: AgentRuntime;
  /** Returns the tokens of the processes of all workers that have not died; undefined if they are not known. */
  workers: () => Promise<ReadonlySet<string> | undefined>;
  logger: Logger;
}

/**
 * Removes containers that no worker will adopt: those of ended and unknown incidents, of attempts that a later one has replaced, and those that held their output for too long. Runs at
 * the start of the worker and every minute. Other containers of open incidents are adopted or removed by the worker that
 * claims the incident.
 */
export class ContainerSweeper {
  readonly #options: ContainerSweeperOptions;
  readonly #loop = new BackgroundLoop(
    async (signal) => {
      if (usesEngine(this.#options.config())) await this.#sweep(signal);
    },
    {
      interval: INTERVAL_MS,
      onError: (error) => this.#options.logger.warn({ error }, 'container sweep failed; retrying'),
    },
  );

  constructor(options: ContainerSweeperOptions) {
    this.#options = options;
  }

  /** Starts to sweep in the background. */
  start(): void {
    this.#loop.start();
  }

  /** Resolves when the current sweep has ended. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { instance, runtime, workers, logger } = this.#options;
    const surplus: string[] = [];
    const containers = await runtime.list({ instance, workers: await workers() }, signal);
    for (const container of containers) {
      if (isSuperseded(container, containers) || (await this.#isSurplus(container))) surplus.push(container.id);
    }
    await runtime.remove(surplus, signal);
    if (surplus.length > 0) logger.warn({ containers: surplus }, 'orphaned containers removed');
  }

  async #isSurplus({ run, state }: AgentContainer): Promise<boolean> {
    if (run === undefined) return true;
    if (state === 'running' && Date.now() > run.deadline + OUTPUT_HOLD_MS) return true;
    try {
      const incident = await this.#options.incidents.get(run.incidentId);
      return incident === undefined || isFinal(incident.state);
    } catch (error) {
      // A row that cannot be read needs an operator, who may need the container.
      if (error instanceof CorruptIncidentError) return false;
      throw error;
    }
  }
}

/** A worker that could not list this container, as those of earlier versions do not list prestarted ones, has started another agent. */
function isSuperseded({ run }: AgentContainer, all: readonly AgentContainer[]): boolean {
  return all.some(
    ({ run: other }) => other?.incidentId === run?.incidentId && (other?.attempt ?? 0) > (run?.attempt ?? 0),
  );
}
