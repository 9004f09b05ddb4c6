import type { AgentHealth } from '@nightcrier/core/incidents/agent-health';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defineScript, type LuaScript } from '../redis/lua-script.ts';
import type { StateContext } from '../redis/state-context.ts';

/** Whether an incident is given to the agent. */
export type BreakerAnswer =
  /** Agents work. */
  | { kind: 'agent' }
  /** They are degraded, and this incident finds out whether they still are. */
  | { kind: 'probe' }
  /** They are degraded: `failures` in a row, the last one for this reason. */
  | { kind: 'degraded'; failures: number; reason: string };

/** What the agent made of an incident that it was given. */
export type AgentResult =
  | { kind: 'failed'; reason: string; threshold: number; probeIntervalSeconds: number }
  | { kind: 'succeeded' }
  /** It was stopped, or never came to begin: no sign in either direction. */
  | { kind: 'left' };

const Answer = z.union([
  z.tuple([z.literal('agent')]).transform(([kind]) => ({ kind })),
  z.tuple([z.literal('probe')]).transform(([kind]) => ({ kind })),
  z
    .tuple([z.literal('degraded'), z.coerce.number(), z.string()])
    .transform(([kind, failures, reason]) => ({ kind, failures, reason })),
]) satisfies z.ZodType<BreakerAnswer>;

const Change = z.enum(['opened', 'closed', 'counted']);

const Row = z.object({
  failures: z.coerce.number().default(0),
  reason: z.string().optional(),
  since: z.coerce.number().optional(),
  passed_over: z.coerce.number().optional(),
});

/** The breaker of agents over all workers, see `lua/agent-breaker.lua` beside this file. */
export class AgentBreaker {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #script: LuaScript;

  constructor(context: StateContext) {
    this.#redis = context.redis;
    this.#key = context.keys.agentBreaker;
    this.#script = defineScript(context, 'breaker/agent-breaker');
  }

  /** Asks before an incident is given to the agent. A probe that tells nothing within `leaseSeconds` counts as dead. */
  async enter(incidentId: string, leaseSeconds: number, probeIntervalSeconds: number): Promise<BreakerAnswer> {
    const [lease, interval] = [leaseSeconds, probeIntervalSeconds].map((seconds) => String(Math.ceil(seconds * 1000)));
    return Answer.parse(await this.#script([], ['enter', incidentId, lease ?? '', interval ?? '']));
  }

  /** Tells what the agent made of it. `opened`: agents are degraded from now on; `closed`: they work again. */
  async record(incidentId: string, agent: string, result: AgentResult): Promise<z.infer<typeof Change>> {
    return Change.parse(await this.#script([], [result.kind, incidentId, ...argumentsOf(agent, result)]));
  }

  async read(): Promise<AgentHealth> {
    const { failures, reason, since, passed_over } = Row.parse(await this.#redis.hgetall(this.#key));
    return {
      state: since === undefined ? 'working' : 'degraded',
      failures_in_row: failures,
      ...(reason !== undefined && { reason }),
      ...(since !== undefined && { since: new Date(since).toISOString(), passed_over }),
    };
  }
}

function argumentsOf(agent: string, result: AgentResult): string[] {
  switch (result.kind) {
    case 'failed': {
      const { threshold, probeIntervalSeconds, reason } = result;
      return [String(threshold), String(Math.ceil(probeIntervalSeconds * 1000)), agent, reason];
    }
    case 'succeeded':
      return [agent];
    case 'left':
      return [];
    default:
      return result satisfies never;
  }
}
