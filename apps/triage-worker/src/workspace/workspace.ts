import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SpareWorkspace } from './spare-workspace.ts';

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

/** The directories of a workspace. */
export const WORKSPACE_PARTS = ['evidence', 'output', 'logs'] as const satisfies readonly (keyof Workspace)[];

/**
 * Makes the workspace of an attempt, or makes that of an earlier attempt ready for this one. Only the worker's user can
 * enter it.
 * @param options.resume the run before is followed to its end: its output, logs and evidence stay where they are
 * @param options.spare becomes the workspace where there is none yet
 */
export function makeWorkspace(
  root: string,
  incidentId: string,
  { resume = false, spare }: { resume?: boolean; spare?: SpareWorkspace } = {},
): Workspace {
  const workspace = workspaceOf(root, incidentId);
  const { directory } = workspace;
  if (spare?.take(directory)) return workspace;
  const isNew = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
  if (!isNew) chmodSync(directory, 0o700);
  if (!isNew && !resume) archiveLastRun(workspace);
  for (const part of WORKSPACE_PARTS) mkdirSync(workspace[part], { recursive: true, mode: 0o700 });
  return workspace;
}

/** Writes down what the incident is, and what the kubeconfig may do. */
export function writeIncident(
  { directory }: Workspace,
  incident: Incident,
  permissions: ClusterPermissions | undefined,
): void {
  writeJson(path.join(directory, 'incident.json'), describeIncident(incident));
  if (permissions) writeJson(path.join(directory, 'incident_cluster_permissions.json'), permissions);
}

/** Moves the output and logs of an agent that failed out of the way of the next one; the evidence stays. */
export function freshOutput(workspace: Workspace): void {
  archiveLastRun(workspace, ['output', 'logs']);
  for (const part of [workspace.output, workspace.logs]) mkdirSync(part, { mode: 0o700 });
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
function archiveLastRun(workspace: Workspace, names: readonly string[] = WORKSPACE_PARTS): void {
  const present = readdirSync(workspace.directory);
  const leftovers = names.filter((name) => present.includes(name));
  if (leftovers.length === 0) return;
  const archive = path.join(workspace.directory, 'attempts');
  mkdirSync(archive, { recursive: true, mode: 0o700 });
  const runs = readdirSync(archive).map(Number).filter(Number.isInteger);
  const target = path.join(archive, String(Math.max(0, ...runs) + 1));
  mkdirSync(target, { mode: 0o700 });
  for (const name of leftovers) renameSync(path.join(workspace.directory, name), path.join(target, name));
}

function writeJson(file: string, value: unknown): void {
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Writes a file that is there as a whole, or as it was before. Does not wait for the disk: what a machine takes down with
 * it, the next attempt writes anew.
 */
export function replaceFile(file: string, text: string): void {
  const written = `${file}.new`;
  writeFileSync(written, text, { mode: 0o600 });
  renameSync(written, file);
}
