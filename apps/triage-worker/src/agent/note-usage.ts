import { access } from 'node:fs/promises';
import path from 'node:path';
import type { TriageContext } from '../triage-context.ts';
import { type AgentStream, readAgentStream } from './stream/read-agent-stream.ts';

/**
 * Reads the stream that a run of an agent left, and adds what it has used to its incident at once: the money is spent,
 * whatever becomes of the attempt. A run that goes on without this worker is counted by the one that has it now. Redis
 * being away costs the figures, not the outcome.
 * @param config with the agent that ran
 */
export async function noteUsage(
  incidentId: string,
  logsDirectory: string,
  { config, incidents, logger, signal }: TriageContext,
): Promise<AgentStream> {
  const { agent_cli: agent, agent_model: model, agent_prices: prices } = config;
  const stream = await readAgentStream(logsDirectory, { agent, model, prices });
  const { unreadable_lines } = stream.usage;
  if (unreadable_lines > 0)
    logger.debug({ agent, unreadable_lines }, 'stream of the agent has lines that are no events');
  if (Object.values(stream.usage).every((figure) => figure === 0)) return stream;
  if (signal.aborted && !(await hasEnded(logsDirectory))) return stream;
  try {
    await incidents.addUsage(incidentId, agent, stream.usage);
  } catch (error) {
    logger.warn({ error, agent, usage: stream.usage }, 'what the agent has used could not be recorded');
  }
  return stream;
}

/** Whether the script has seen the container to its end, so that nobody else will. */
async function hasEnded(logsDirectory: string): Promise<boolean> {
  return access(path.join(logsDirectory, 'container.json')).then(
    () => true,
    () => false,
  );
}
