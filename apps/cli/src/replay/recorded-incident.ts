import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import { ExitError } from '@nightcrier/runtime/exit-code';
import type { Workspace } from '@nightcrier/triage-worker/workspace/workspace';
import { z } from 'zod';

/** Of a fault that the incident covers, as `describeIncident` writes it. */
const RecordedMember = FaultEvent.pick({ resource: true, container: true, severity: true }).extend({
  fault_id: z.string(),
  received_at: z.string(),
});

const RecordedIncident = z.object({
  incident_id: z.string(),
  cluster_name: z.string(),
  environment: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  fault: FaultEvent,
  recurrences: z.number().int().nonnegative().default(0),
  member_count: z.number().int().positive().default(1),
  members: z.array(RecordedMember).default([]),
  received_at: z.string().optional(),
});
export type RecordedIncident = z.infer<typeof RecordedIncident>;

/**
 * Reads `incident.json` of a workspace.
 * @throws ExitError `no_input` when it is missing or damaged
 */
export async function readIncident({ directory }: Workspace): Promise<RecordedIncident> {
  const file = path.join(directory, 'incident.json');
  try {
    return RecordedIncident.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new ExitError('no_input', `${file} cannot be read: ${why}`, { cause });
  }
}

/** Returns what the account was allowed to, as it was recorded; undefined if it was not. */
export async function readPermissions({ directory }: Workspace): Promise<ClusterPermissions | undefined> {
  try {
    const text = await readFile(path.join(directory, 'incident_cluster_permissions.json'), 'utf8');
    return ClusterPermissions.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Returns the incident as it was when its investigation began. @param id of the run */
export function incidentOf(recorded: RecordedIncident, id = recorded.incident_id): Incident {
  const { cluster_name, environment, labels, fault, received_at, recurrences, member_count } = recorded;
  const at = received_at ?? fault.timestamp;
  const members = recorded.members.map(({ fault_id, ...member }) => ({
    ...member,
    faultId: fault_id,
    faultType: fault.faultType,
    timestamp: member.received_at,
  }));
  return {
    incident_id: id,
    state: 'investigating',
    fingerprint: fault.faultId,
    cluster_event: { cluster_name, environment, labels, event: fault, source: 'subscription', received_at: at },
    first_seen: at,
    last_seen: at,
    created_at: at,
    recurrences,
    members,
    member_count,
    attempts: 1,
  };
}
