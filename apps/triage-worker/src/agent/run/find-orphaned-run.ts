import type { AgentCli, Config } from '@nightcrier/core/settings/config';
import type { Claim } from '../../claim.ts';
import { usesEngine } from '../../roster.ts';
import type { TriageContext } from '../../triage-context.ts';
import { workspaceOf } from '../../workspace/workspace.ts';
import { type AgentExit, type AgentContainer, OUTPUT_HOLD_MS } from '../../agent-runtime.ts';
import { attemptFromName } from './docker/container-labels.ts';
import { exitFromRecord, readContainerRecord } from './container-record.ts';

/** The run of an agent whose worker died. */
export interface OrphanedRun {
  agent: AgentCli;
  /** The attempt that started it. */
  attempt: number;
  /** Its container, or, without one, how the run ended; its output is in the workspace then. */
  found: { kind: 'container'; container: AgentContainer } | { kind: 'recorded'; exit: AgentExit };
}

/**
 * Looks for the run of an earlier attempt to adopt: an agent that runs within its deadline, or has ended without a worker to
 * judge it. Adopting it costs nothing; a second run would cost as much again. Removes all other containers of the incident.
 * If the engine does not answer, there is nothing to adopt, and the start of an agent will report the error.
 */
export async function findOrphanedRun(claim: Claim, context: TriageContext): Promise<OrphanedRun | undefined> {
  const { config, runtime, instance, logger, signal } = context;
  if (!claim.resumed || !usesEngine(config)) return undefined;
  const { incident_id: incidentId } = claim.incident;
  try {
    const containers = await runtime.list({ instance, incidentId }, signal);
    const adoptable = containers
      .filter(({ state, run }) => state === 'ended' || (state === 'running' && run && isHeld(run.deadline)))
      .toSorted((one, other) => (other.run?.attempt ?? 0) - (one.run?.attempt ?? 0))
      .find(({ run }) => run !== undefined);
    const surplus = containers.filter((container) => container !== adoptable).map(({ id }) => id);
    if (surplus.length > 0) {
      await runtime.remove(surplus, signal);
      logger.warn({ containers: surplus }, 'containers of earlier attempts removed');
    }
    const orphan = describe(adoptable) ?? (await readRecordedRun(config, incidentId));
    if (orphan === undefined) return undefined;
    logger.info({ agent: orphan.agent, attempt: orphan.attempt }, 'adopted running agent');
    return orphan;
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ error }, 'containers of earlier attempts not listed');
    return undefined;
  }
}

/** Returns whether a container that runs past the deadline of its agent still holds its output. */
function isHeld(deadline: number): boolean {
  return Date.now() < deadline + OUTPUT_HOLD_MS;
}

function describe(container: AgentContainer | undefined): OrphanedRun | undefined {
  if (container?.run === undefined) return undefined;
  const { agent, attempt } = container.run;
  return { agent, attempt, found: { kind: 'container', container } };
}

/** Returns the last run in the workspace if its end was recorded, and its worker died before it judged it. */
async function readRecordedRun({ workspace_root }: Config, incidentId: string): Promise<OrphanedRun | undefined> {
  const record = await readContainerRecord(workspaceOf(workspace_root, incidentId).logs);
  const exit = record && exitFromRecord(record);
  const attempt = attemptFromName(record?.container ?? '')?.attempt ?? 1;
  return exit && { agent: record.agent, attempt, found: { kind: 'recorded', exit } };
}
