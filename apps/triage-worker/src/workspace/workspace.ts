import type { ClusterPermissions } from '@nightcrier/core/cluster-permissions';
import type { Incident } from '@nightcrier/core/incident';
import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { together } from '../together.ts';

/** The directory of one incident (design.md, "Workspace Creation"); all paths are absolute. */
export interface Workspace {
  directory: string;
  /** What the agent is asked: `prompt-sent.md`. */
  prompt: string;
  /** What the worker read from the cluster for the current attempt. */
  evidence: string;
  /** The current attempt's; the agent writes here, and nowhere else. */
  output: string;
  /** The current attempt's. */
  logs: string;
}

/**
 * The workspace of an incident under `workspace_root`.
 * @throws RangeError when the id could leave the root
 */
export function workspaceOf(root: string, incidentId: string): Workspace {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(incidentId)) {
    throw new RangeError(
      `incident id ${JSON.stringify(incidentId)} cannot name a workspace: letters, digits, "_" and "-" only`,
    );
  }
  const directory = path.resolve(root, incidentId);
  const inside = (name: string): string => path.join(directory, name);
  return {
    directory,
    prompt: inside('prompt-sent.md'),
    evidence: inside('evidence'),
    output: inside('output'),
    logs: inside('logs'),
  };
}

/**
 * Makes the workspace of an attempt, or makes that of an earlier attempt ready for this one. Only the worker's user can
 * enter it.
 * @param resume the run before is followed to its end: its output, logs and evidence stay where they are
 */
export async function makeWorkspace(root: string, incidentId: string, { resume = false } = {}): Promise<Workspace> {
  const workspace = workspaceOf(root, incidentId);
  const isNew = (await mkdir(workspace.directory, { recursive: true, mode: 0o700 })) !== undefined;
  if (!isNew) {
    await chmod(workspace.directory, 0o700);
    if (!resume) await archiveLastRun(workspace);
  }
  const { evidence, output, logs } = workspace;
  await Promise.all(
    [evidence, output, logs].map(async (directory) => mkdir(directory, { recursive: true, mode: 0o700 })),
  );
  return workspace;
}

/** Writes down what the incident is, and what the kubeconfig may do. */
export async function writeIncident(
  { directory }: Workspace,
  incident: Incident,
  permissions: ClusterPermissions | undefined,
): Promise<void> {
  await together(
    writeJson(path.join(directory, 'incident.json'), describeIncident(incident)),
    permissions ? writeJson(path.join(directory, 'incident_cluster_permissions.json'), permissions) : Promise.resolve(),
  );
}

/** Moves the output and logs of an agent that failed out of the way of the next one; the evidence stays. */
export async function freshOutput(workspace: Workspace): Promise<void> {
  await archiveLastRun(workspace, ['output', 'logs']);
  for (const directory of [workspace.output, workspace.logs]) await mkdir(directory, { mode: 0o700 });
}

/** What an agent reads of its incident. Credentials and paths of the worker are not in it. */
export function describeIncident(incident: Incident) {
  const { incident_id, cluster_event, recurrences, members, member_count, attempts } = incident;
  const { cluster_name, environment, labels, event, received_at } = cluster_event;
  return {
    incident_id,
    cluster_name,
    environment,
    labels,
    fault: event,
    recurrences,
    // Of all that the incident stands for, its own fault included.
    member_count,
    members: members.map(({ resource, container, severity, ...member }) => ({
      fault_id: member.faultId,
      resource,
      container,
      severity,
      received_at: member.received_at,
    })),
    received_at,
    attempt: attempts,
  };
}

/**
 * Moves what the run before left, evidence, output and logs, into `attempts/<n>/`, n counting the runs. Moved, not emptied: a container
 * that a dead worker left behind goes on writing into the moved directory and cannot touch this attempt's report.
 */
async function archiveLastRun(workspace: Workspace, names = ['evidence', 'output', 'logs']): Promise<void> {
  const present = await readdir(workspace.directory);
  const leftovers = names.filter((name) => present.includes(name));
  if (leftovers.length === 0) return;
  const archive = path.join(workspace.directory, 'attempts');
  await mkdir(archive, { recursive: true, mode: 0o700 });
  const runs = (await readdir(archive)).map(Number).filter(Number.isInteger);
  const target = path.join(archive, String(Math.max(0, ...runs) + 1));
  await mkdir(target, { mode: 0o700 });
  for (const name of leftovers) await rename(path.join(workspace.directory, name), path.join(target, name));
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeInput(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Writes a file that an agent is given: there as a whole, or as it was before. Does not wait for the disk: what a machine
 * takes down with it, the next attempt writes anew.
 */
export async function writeInput(file: string, text: string): Promise<void> {
  await writeFileAtomic(file, text, { mode: 0o600, chown: false, fsync: false });
}
