import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { makeDirectory } from '@nightcrier/runtime/process/make-directory';
import { chmodSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The directory of one incident (design.md, "Workspace Creation"); all paths are absolute. */
export interface Workspace {
  directory: string;
  /** The prompt of the agent: `prompt-sent.md`. */
  prompt: string;
  /** Evidence of the current attempt, collected by the worker. */
  evidence: string;
  /** Output of the current attempt; the only directory that the agent can write to. */
  output: string;
  /** Logs of the current attempt. */
  logs: string;
}

/**
 * Returns the paths of an incident's workspace under `workspace_root`.
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
const WORKSPACE_PARTS = ['evidence', 'output', 'logs'] as const satisfies readonly (keyof Workspace)[];

/**
 * Creates the workspace of an attempt, or prepares that of an earlier attempt for this one. Only the worker's user can
 * enter it.
 * @param options.resume the earlier run was adopted: its output, logs and evidence stay in place
 */
export function makeWorkspace(
  root: string,
  incidentId: string,
  { resume = false }: { resume?: boolean } = {},
): Workspace {
  const workspace = workspaceOf(root, incidentId);
  const { directory } = workspace;
  const isNew = makeDirectory(directory);
  if (!isNew) chmodSync(directory, 0o700);
  if (!isNew && !resume) archiveLastRun(workspace);
  for (const part of WORKSPACE_PARTS) mkdirSync(workspace[part], { recursive: true, mode: 0o700 });
  return workspace;
}

/** Writes `incident.json` and `incident_cluster_permissions.json`. */
export function writeIncident(
  { directory }: Workspace,
  incident: Incident,
  permissions: ClusterPermissions | undefined,
): void {
  writeJson(path.join(directory, 'incident.json'), describeIncident(incident));
  if (permissions) writeJson(path.join(directory, 'incident_cluster_permissions.json'), permissions);
}

/** Archives output and logs of a failed agent before the next one starts; the evidence stays. */
export function freshOutput(workspace: Workspace): void {
  archiveLastRun(workspace, ['output', 'logs']);
  for (const part of [workspace.output, workspace.logs]) mkdirSync(part, { mode: 0o700 });
}

/** Returns what an agent may read of its incident: no credentials, no paths of the worker. */
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
    // Includes the incident's own fault.
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
 * Moves evidence, output and logs of the last run into `attempts/<n>/`, n counting the runs. Moved, not emptied: an orphaned
 * container goes on writing into the moved directory and cannot change this attempt's report.
 */
function archiveLastRun(workspace: Workspace, names: readonly string[] = WORKSPACE_PARTS): void {
  const present = readdirSync(workspace.directory);
  const remaining = names.filter((name) => present.includes(name));
  if (remaining.length === 0) return;
  const archive = path.join(workspace.directory, 'attempts');
  mkdirSync(archive, { recursive: true, mode: 0o700 });
  const runs = readdirSync(archive).map(Number).filter(Number.isInteger);
  const target = path.join(archive, String(Math.max(0, ...runs) + 1));
  mkdirSync(target, { mode: 0o700 });
  for (const name of remaining) renameSync(path.join(workspace.directory, name), path.join(target, name));
}

function writeJson(file: string, value: unknown): void {
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Replaces a file atomically. Without fsync: if the machine crashes, the next attempt writes it again.
 */
export function replaceFile(file: string, text: string): void {
  const written = `${file}.new`;
  writeFileSync(written, text, { mode: 0o600 });
  renameSync(written, file);
}
