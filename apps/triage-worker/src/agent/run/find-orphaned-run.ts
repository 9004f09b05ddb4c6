import type { AgentCli, Config } from '@nightcrier/core/settings/config';
import type { Claim } from '../../claim.ts';
import type { TriageContext } from '../../triage-context.ts';
import { workspaceOf } from '../../workspace/workspace.ts';
import { readContainerRecord } from './container-record.ts';
import { DEADLINE_GRACE_MS, listContainers, removeContainers } from './containers.ts';
import { usesEngine } from '../../roster.ts';

/** The run of an agent whose worker died. */
export interface OrphanedRun {
  agent: AgentCli;
  /** The attempt that started it; its container is `nc-<incident>-<attempt>`. */
  attempt: number;
}

/**
 * Looks for the run of an earlier attempt to adopt: an agent that runs within its deadline, or has ended without a worker to
 * judge it. Adopting it costs nothing; a second run would cost as much again. Removes all other containers of the incident.
 * If the engine does not answer, there is nothing to adopt, and the start of an agent will report the error.
 */
export async function findOrphanedRun(claim: Claim, context: TriageContext): Promise<OrphanedRun | undefined> {
  const { config, instance, logger, signal } = context;
  if (!claim.resumed || !usesEngine(config)) return undefined;
  const { incident_id: incidentId } = claim.incident;
  try {
    const containers = await listContainers(context, { instance, incidentId });
    const adoptable = containers
      .filter(({ state, run }) => state === 'ended' || (state === 'running' && run && isInTime(run.deadline)))
      .toSorted((one, other) => (other.run?.attempt ?? 0) - (one.run?.attempt ?? 0))
      .find(({ run }) => run !== undefined);
    const surplus = containers.filter((container) => container !== adoptable).map(({ id }) => id);
    if (surplus.length > 0) {
      await removeContainers(context, surplus);
      logger.warn({ containers: surplus }, 'containers of earlier attempts removed');
    }
    const orphan = adoptable?.run ?? (await readRecordedRun(config, incidentId));
    if (orphan === undefined) return undefined;
    logger.info({ agent: orphan.agent, attempt: orphan.attempt }, 'adopted running agent');
    return { agent: orphan.agent, attempt: orphan.attempt };
  } catch (error) {
    signal.throwIfAborted();
    // The message alone: an error of a subprocess carries more than belongs in a log.
    const message = error instanceof Error ? error.message : String(error);
    logger.warn({ error: message }, 'containers of earlier attempts not listed');
    return undefined;
  }
}

function isInTime(deadline: number): boolean {
  return Date.now() < deadline + DEADLINE_GRACE_MS;
}

/** Returns the last run in the workspace if its script finished after its worker died. */
async function readRecordedRun({ workspace_root }: Config, incidentId: string): Promise<OrphanedRun | undefined> {
  const record = await readContainerRecord(workspaceOf(workspace_root, incidentId).logs);
  // The others were cut off, and their report may be incomplete.
  if (record === undefined || !['exited', 'timeout', 'oom'].includes(record.reason)) return undefined;
  const { agent, container } = record;
  return { agent, attempt: Number(container.slice(container.lastIndexOf('-') + 1)) };
}
