import { isCause, type Cause } from '@nightcrier/core/diagnosis/cause';
import { NO_USAGE, type UsageFigures } from '@nightcrier/core/incidents/agent-usage';
import { AGENT_CLIS, type AgentCli } from '@nightcrier/core/settings/config';
import { storedName } from '@nightcrier/core/incidents/stored-name';
import { TRIAGE_OUTCOMES, type TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Redis } from 'ioredis';
import { countOf, ifReadable } from '../damage/if-readable.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The number of runs with an outcome since the installation, and their total duration in seconds. */
export interface TriageCount {
  outcome: TriageOutcome['kind'];
  runs: number;
  seconds: number;
}

/** What all runs of an agent have used since the installation. */
export interface AgentCount {
  agent: AgentCli;
  usage: UsageFigures;
}

/** The counters of triage over all workers: outcomes of runs, and usage of agents. */
export class TriageCounters {
  readonly #redis: Redis;
  readonly #key: string;

  constructor({ redis, keys }: StateContext) {
    this.#redis = redis;
    this.#key = keys.triage;
  }

  /** Counts one run and its duration in seconds. */
  async count(outcome: TriageOutcome['kind'], seconds: number): Promise<void> {
    const results = await this.#redis
      .multi()
      .hincrby(this.#key, `${storedName(outcome)}:runs`, 1)
      .hincrbyfloat(this.#key, `${storedName(outcome)}:seconds`, seconds)
      .exec();
    const failed = results?.find(([error]) => error)?.[0];
    if (failed) throw failed;
  }

  /** Counts a diagnosis of a reported incident by the cause of its first hypothesis. */
  async countCause(cause: Cause): Promise<void> {
    await this.#redis.hincrby(this.#key, `cause:${cause}`, 1);
  }

  /** Returns the number of incidents that each cause explained, without causes that were never found. */
  async readCauses(): Promise<{ cause: Cause; incidents: number }[]> {
    const fields = await ifReadable(this.#redis.hgetall(this.#key), {});
    return Object.entries(fields).flatMap(([field, count]) => {
      const cause = field.startsWith('cause:') ? field.slice('cause:'.length) : undefined;
      return isCause(cause) ? [{ cause, incidents: countOf(count) }] : [];
    });
  }

  /** Returns one count for each outcome. */
  async read(): Promise<TriageCount[]> {
    const fields = await ifReadable(this.#redis.hgetall(this.#key), {});
    return TRIAGE_OUTCOMES.map((outcome) => ({
      outcome,
      runs: countOf(fields[`${storedName(outcome)}:runs`]),
      seconds: countOf(fields[`${storedName(outcome)}:seconds`]),
    }));
  }

  /** Returns what each agent has used; `IncidentStore.addUsage` counts it. */
  async readUsage(): Promise<AgentCount[]> {
    const fields = await ifReadable(this.#redis.hgetall(this.#key), {});
    return AGENT_CLIS.filter((agent) => agent !== 'builtin').map((agent) => {
      const figures = Object.keys(NO_USAGE).map((figure) => [figure, countOf(fields[`usage:${figure}:${agent}`])]);
      return { agent, usage: { ...NO_USAGE, ...Object.fromEntries(figures) } };
    });
  }
}
