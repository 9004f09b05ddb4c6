import type { TriageContext } from '../triage-context.ts';
import { readContainerRecord } from './run/container-record.ts';
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
  // A container whose end the script has not recorded will be seen to its end by somebody else.
  if (signal.aborted && !(await readContainerRecord(logsDirectory))) return stream;
  try {
    await incidents.addUsage(incidentId, agent, stream.usage);
  } catch (error) {
    logger.warn({ error, agent, usage: stream.usage }, 'what the agent has used could not be recorded');
  }
  return stream;
}
