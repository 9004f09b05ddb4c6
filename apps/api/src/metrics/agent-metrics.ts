import { Counter, Gauge, type Registry } from 'prom-client';
import type { StateSnapshot } from './snapshot.ts';

/** Adds the state of the agent breaker. */
export function breakerMetrics({ state, failures_in_row }: StateSnapshot['breaker'], registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'nightcrier_agents_degraded',
    help: 'Whether agents are degraded: too many failed in a row',
    registers,
  }).set(state === 'degraded' ? 1 : 0);
  new Gauge({
    name: 'nightcrier_agent_failures_in_row',
    help: 'Agent failures since the last success',
    registers,
  }).set(failures_in_row);
}

/** Adds the usage of each agent. */
export function agentMetrics(agents: StateSnapshot['agents'], registry: Registry): void {
  const registers = [registry];
  const labelNames = ['agent'];
  const tokens = new Counter({
    name: 'nightcrier_agent_tokens_total',
    help: 'Tokens of agents by kind: input (not cached), cached_input, output',
    labelNames: ['agent', 'kind'],
    registers,
  });
  const cost = new Counter({
    name: 'nightcrier_agent_cost_usd_total',
    help: 'Known cost of agents, in USD',
    labelNames,
    registers,
  });
  const unpriced = new Counter({
    name: 'nightcrier_agent_unpriced_tokens_total',
    help: 'Tokens of unknown cost: reported by no CLI, and no price in agent_prices',
    labelNames,
    registers,
  });
  const calls = new Counter({
    name: 'nightcrier_agent_tool_calls_total',
    help: 'Tool calls of agents',
    labelNames,
    registers,
  });
  const denials = new Counter({
    name: 'nightcrier_agent_denials_total',
    help: 'Tool calls that the permission rules of the agent denied',
    labelNames,
    registers,
  });
  for (const { agent, usage } of agents) {
    tokens.inc({ agent, kind: 'input' }, Math.max(0, usage.input_tokens - usage.cached_input_tokens));
    tokens.inc({ agent, kind: 'cached_input' }, usage.cached_input_tokens);
    tokens.inc({ agent, kind: 'output' }, usage.output_tokens);
    cost.inc({ agent }, usage.cost_usd);
    unpriced.inc({ agent }, usage.unpriced_tokens);
    calls.inc({ agent }, usage.tool_calls);
    denials.inc({ agent }, usage.denials);
  }
}
