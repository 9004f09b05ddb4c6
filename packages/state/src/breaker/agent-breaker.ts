import type { AgentHealth } from '@nightcrier/core/incidents/agent-health';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifReadable } from '../damage/if-readable.ts';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** The decision whether an incident is given to the agent. */
export type BreakerAnswer =
  /** Agents work. */
  | { kind: 'agent' }
  /** Agents are degraded, and this incident checks whether they still are. */
  | { kind: 'probe' }
  /** Agents are degraded after so many consecutive failures, the last one for this reason. */
  | { kind: 'degraded'; failures: number; reason: string };

/** The result of an agent's run, as far as the breaker is concerned. */
export type AgentResult =
  | {
      kind: 'failed';
      reason: string;
      threshold: number;
      probeIntervalSeconds: number;
      /** Where what the agent read may have made it fail. Missing if the cause is the provider, the engine or the configuration. */
      cluster?: string;
      /** Number of clusters that agents investigate; with fewer than the threshold, failures in all of them suffice. */
      clusters?: number;
    }
  | { kind: 'succeeded' }
  /** The run was stopped, or never started: it shows neither that agents work nor that they do not. */
  | { kind: 'inconclusive' };

const Answer = z.union([
  z.tuple([z.literal('agent')]).transform(([kind]) => ({ kind })),
  z.tuple([z.literal('probe')]).transform(([kind]) => ({ kind })),
  z
    .tuple([z.literal('degraded'), z.coerce.number().catch(0), z.string()])
    .transform(([kind, failures, reason]) => ({ kind, failures, reason })),
]) satisfies z.ZodType<BreakerAnswer>;

const Change = z.enum(['opened', 'closed', 'counted']);

/** The latest time that a date can hold, ms. */
const LATEST = 8.64e15;

const Row = z.object({
  failures: z.coerce.number().default(0).catch(0),
  reason: z.string().optional(),
  since: z.coerce.number().min(0).max(LATEST).optional().catch(undefined),
  passed_over: z.coerce.number().optional().catch(undefined),
});

/** The breaker of agents over all workers, see `lua/agent-breaker.lua`. */
export class AgentBreaker {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #script: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#key = context.keys.agentBreaker;
    this.#script = defineScript(context, 'breaker/agent-breaker');
  }

  /**
   * Decides whether an incident is given to the agent. A probe without a result within `leaseSeconds` counts as dead. The
   * next probe is due at the latest `probeIntervalSeconds` from now.
   */
  async enter(incidentId: string, leaseSeconds: number, probeIntervalSeconds: number): Promise<BreakerAnswer> {
    const [lease, interval] = [leaseSeconds, probeIntervalSeconds].map((seconds) => String(Math.ceil(seconds * 1000)));
    return Answer.parse(await this.#script([], ['enter', incidentId, lease ?? '', interval ?? '']));
  }

  /** Records the result of a run. Returns `opened` when agents have become degraded, `closed` when they work again. */
  async record(incidentId: string, result: AgentResult): Promise<z.infer<typeof Change>> {
    return Change.parse(await this.#script([], [result.kind, incidentId, ...argumentsOf(result)]));
  }

  async read(): Promise<AgentHealth> {
    const { failures, reason, since, passed_over } = Row.parse(await ifReadable(this.#redis.hgetall(this.#key), {}));
    return {
      state: since === undefined ? 'working' : 'degraded',
      failures_in_row: failures,
      ...(reason !== undefined && { reason }),
      ...(since !== undefined && { since: new Date(since).toISOString(), passed_over }),
    };
  }
}

function argumentsOf(result: AgentResult): string[] {
  switch (result.kind) {
    case 'failed': {
      const { threshold, probeIntervalSeconds, reason, cluster = '', clusters = '' } = result;
      const interval = String(Math.ceil(probeIntervalSeconds * 1000));
      return [String(threshold), interval, reason, cluster, String(clusters)];
    }
    case 'succeeded':
    case 'inconclusive':
      return [];
    default:
      return result satisfies never;
  }
}
