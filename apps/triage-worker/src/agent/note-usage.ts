import type { TriageContext } from '../triage-context.ts';
import { readContainerRecord } from './run/container-record.ts';
import { type AgentStream, readAgentStream } from './stream/read-agent-stream.ts';

/**
 * Reads the stream of an agent's run, and adds its usage to the incident immediately: the cost arises whatever the outcome of
 * the attempt. A run that outlives this worker is counted by the worker that adopts it. If Redis is unreachable, the usage is
 * lost, and the outcome is not.
 * @param config `agent_cli` is the agent that ran
 */
export async function noteUsage(
  incidentId: string,
  logsDirectory: string,
  { config, incidents, logger, signal }: TriageContext,
): Promise<AgentStream> {
  const { agent_cli: agent, agent_model: model, agent_prices: prices } = config;
  const stream = await readAgentStream(logsDirectory, { agent, model, prices });
  const { unreadable_lines } = stream.usage;
  if (unreadable_lines > 0) logger.debug({ agent, unreadable_lines }, 'agent stream has unreadable lines');
  if (Object.values(stream.usage).every((figure) => figure === 0)) return stream;
  // Another worker adopts a container whose end the script has not recorded.
  if (signal.aborted && !(await readContainerRecord(logsDirectory))) return stream;
  try {
    await incidents.addUsage(incidentId, agent, stream.usage);
  } catch (error) {
    logger.warn({ error, agent, usage: stream.usage }, 'agent usage not recorded');
  }
  return stream;
}
