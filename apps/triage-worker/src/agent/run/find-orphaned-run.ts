import type { AgentCli, Config } from '@nightcrier/core/settings/config';
import type { Claim } from '../../prepare/claim.ts';
import type { TriageContext } from '../../triage-context.ts';
import { workspaceOf } from '../../workspace/workspace.ts';
import { readContainerRecord } from './container-record.ts';
import { DEADLINE_GRACE_MS, listContainers, removeContainers } from './containers.ts';
import { usesEngine } from '../../roster.ts';

/** The run of an agent whose worker died. */
export interface OrphanedRun {
  agent: AgentCli;
  /** Whose container it is: `nc-<incident>-<attempt>`. */
  attempt: number;
}

/**
 * Looks for what an earlier attempt at an incident left behind: an agent that still works within its deadline, or that has
 * ended with nobody there to judge it. To follow that one to its end costs nothing; a second one would cost as much again.
 * All other containers of the incident are removed. An engine that does not answer has nothing to adopt: starting an agent
 * will fail too, and say so.
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
      logger.warn({ containers: surplus }, 'removed containers that an earlier attempt had left');
    }
    const left = adoptable?.run ?? (await readRecordedRun(config, incidentId));
    if (left === undefined) return undefined;
    logger.info(
      { agent: left.agent, attempt: left.attempt },
      'an agent that another worker began is followed to its end',
    );
    return { agent: left.agent, attempt: left.attempt };
  } catch (error) {
    signal.throwIfAborted();
    // The message alone: an error of a subprocess carries more than belongs in a log.
    const message = error instanceof Error ? error.message : String(error);
    logger.warn({ error: message }, 'could not look for containers of earlier attempts');
    return undefined;
  }
}

function isInTime(deadline: number): boolean {
  return Date.now() < deadline + DEADLINE_GRACE_MS;
}

/** The last run in the workspace, where its script saw to its end, and only the worker had died. */
async function readRecordedRun({ workspace_root }: Config, incidentId: string): Promise<OrphanedRun | undefined> {
  const record = await readContainerRecord(workspaceOf(workspace_root, incidentId).logs);
  // What cut the others off may have left half a report.
  if (record === undefined || !['exited', 'timeout', 'oom'].includes(record.reason)) return undefined;
  const { agent, container } = record;
  return { agent, attempt: Number(container.slice(container.lastIndexOf('-') + 1)) };
}
