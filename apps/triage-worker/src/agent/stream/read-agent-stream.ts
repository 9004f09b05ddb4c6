import { type AgentUsage, costOf, priceOf } from '@nightcrier/core/incidents/agent-usage';
import type { AgentCli, Settings } from '@nightcrier/core/settings/config';
import path from 'node:path';
import { claude } from './claude.ts';
import { codex, isCodexDenial } from './codex.ts';
import { gemini } from './gemini.ts';
import { goose } from './goose.ts';
import { canBeEvent, readLines } from './read-lines.ts';
import { type Dialect, emptyTally, type Tally } from './tally.ts';

/** Longer lines are skipped: a tool's output can be longer, an event that counts cannot. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

const DIALECTS: Record<Exclude<AgentCli, 'builtin'>, Dialect> = { claude, codex, gemini, goose };

/** The result of reading the stream of an agent's CLI. */
export interface AgentStream {
  usage: AgentUsage;
  /** The failure that the CLI reports. `status`: of the model's API, if the CLI reports it. */
  failure: Tally['failure'];
}

/** The agent of the stream, and the prices of its model. */
export interface StreamReading {
  agent: AgentCli;
  /** The configured model, for CLIs that do not report it. */
  model?: string | undefined;
  prices: Settings['agent_prices'];
}

/**
 * Reads the stream of a CLI from the logs of its run, line by line, also of a run that was cut off. Lines that are no events
 * are counted; a run without logs has no usage.
 */
export async function readAgentStream(logsDirectory: string, reading: StreamReading): Promise<AgentStream> {
  const tally = emptyTally();
  if (reading.agent === 'builtin') return { usage: usageOf(tally, reading, 0), failure: undefined };
  const dialect = DIALECTS[reading.agent];
  let unreadable = 0;
  const stdout = path.join(logsDirectory, 'agent-stdout.log');
  for await (const { accepted, others } of readLines(stdout, MAX_LINE_BYTES, canBeEvent)) {
    unreadable += others;
    for (const line of accepted) {
      const event = parseJson(line.toString('utf8'));
      if (typeof event === 'object' && event !== null) dialect(event, tally);
      else unreadable += 1;
    }
  }
  if (reading.agent === 'codex') {
    const stderr = path.join(logsDirectory, 'agent-stderr.log');
    for await (const { accepted } of readLines(stderr, MAX_LINE_BYTES, isCodexDenial)) tally.denials += accepted.length;
  }
  return { usage: usageOf(tally, reading, unreadable), failure: tally.failure };
}

function usageOf(tally: Tally, { agent, model, prices }: StreamReading, unreadable_lines: number): AgentUsage {
  const { turns, tool_calls, denials, input_tokens, output_tokens, cost_usd } = tally;
  const tokens = {
    input_tokens,
    cached_input_tokens: Math.min(tally.cached_input_tokens, input_tokens),
    output_tokens,
  };
  const counts = { turns, tool_calls, denials, ...tokens, unreadable_lines };
  if (cost_usd !== undefined) return { ...counts, cost_usd, cost_source: 'cli', unpriced_tokens: 0 };
  const price = priceOf(prices, tally.model, model, agent);
  if (price) return { ...counts, cost_usd: costOf(tokens, price), cost_source: 'price table', unpriced_tokens: 0 };
  return { ...counts, cost_usd: 0, unpriced_tokens: input_tokens + output_tokens };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
