import { isFinal } from '@nightcrier/core/incidents/incident';
import type { Logger } from '@nightcrier/core/logger';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

const DAY_MS = 24 * 3_600_000;
const SWEEP_INTERVAL_MS = 3_600_000;
/** Prefix of a workspace that an earlier version created ahead of its incident. */
const PRECREATED_PREFIX = '.spare-';
/** Prefix of the directory of a workspace that is being removed. */
const REMOVING_PREFIX = '.removing-';

export interface Retention {
  root: string;
  /** Age in days after which a workspace is removed; 0: never. */
  days: number;
  /** Maximum number of workspaces kept; 0: no limit. */
  count: number;
  incidents: IncidentStore;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
  signal: AbortSignal;
}

/**
 * Sweeps the workspaces at the start of the worker, every hour, and when it is woken. A failed sweep is logged and repeated.
 * @param retention returns the current settings, at each sweep
 */
export function workspaceSweeper(retention: () => Omit<Retention, 'signal'>): BackgroundLoop {
  const { logger } = retention();
  return new BackgroundLoop(
    async (signal) => {
      const removed = await sweepWorkspaces({ ...retention(), signal });
      if (removed.length > 0) logger.info({ workspaces: removed.length }, 'expired workspaces removed');
    },
    {
      interval: SWEEP_INTERVAL_MS,
      onError: (error) => logger.warn({ error }, 'workspace sweep failed; retrying in an hour'),
    },
  );
}

/**
 * Removes workspaces beyond the retention, the oldest first, except those of queued and running incidents. Only directories
 * with an `incident.json` count as workspaces; its time, that of the last attempt, gives the age. Several workers may sweep
 * the same root: a workspace is renamed before it is removed, and only one of them can rename it.
 * @returns ids of the incidents whose workspaces this call removed
 */
export async function sweepWorkspaces(retention: Retention): Promise<string[]> {
  const { root, logger, signal } = retention;
  const entries = await listDirectories(root);
  // A worker died between rename and removal.
  for (const name of entries.filter((entry) => entry.startsWith(REMOVING_PREFIX)))
    await remove(path.join(root, name), logger);

  for (const name of entries.filter((entry) => entry.startsWith(PRECREATED_PREFIX)))
    await removeStale(path.join(root, name), retention);

  const removed: string[] = [];
  for (const id of await surplus(entries, retention)) {
    if (signal.aborted) break;
    if (!(await isRemovable(id, retention))) continue;
    const removing = path.join(root, `${REMOVING_PREFIX}${randomUUID()}`);
    if (!(await claimRemoval(path.join(root, id), removing))) continue;
    await remove(removing, logger);
    removed.push(id);
  }
  return removed;
}

/** Returns the ids of the workspaces beyond the retention, the oldest first. */
async function surplus(entries: string[], { root, days, count, now = Date.now }: Retention): Promise<string[]> {
  const workspaces: { id: string; at: number }[] = [];
  for (const id of entries.filter((entry) => !entry.startsWith('.'))) {
    const at = await modified(path.join(root, id, 'incident.json'));
    if (at !== undefined) workspaces.push({ id, at });
  }
  const newestFirst = workspaces.toSorted((a, b) => b.at - a.at);
  const isTooOld = ({ at }: { at: number }): boolean => days > 0 && now() - at > days * DAY_MS;
  const beyond = newestFirst.filter((workspace, position) => (count > 0 && position >= count) || isTooOld(workspace));
  return beyond.map(({ id }) => id).toReversed();
}

/** Returns whether the incident has ended. A row that cannot be read needs an operator, who may need the workspace. */
async function isRemovable(id: string, { incidents }: Retention): Promise<boolean> {
  try {
    const incident = await incidents.get(id);
    return incident === undefined || isFinal(incident.state);
  } catch (error) {
    if (error instanceof CorruptIncidentError) return false;
    throw error;
  }
}

/** Returns the directories in the root; symbolic links do not count. */
async function listDirectories(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    // The first incident creates the root.
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Returns milliseconds since the epoch; undefined for a missing file. */
async function modified(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Renames the directory; returns false if another worker did so first. */
async function claimRemoval(directory: string, removing: string): Promise<boolean> {
  try {
    await rename(directory, removing);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes a workspace that a worker of an earlier version created ahead; one that still runs creates another one. */
async function removeStale(precreated: string, { now = Date.now, logger }: Retention): Promise<void> {
  const created = await modified(precreated);
  if (created !== undefined && now() - created > DAY_MS) await remove(precreated, logger);
}

async function remove(directory: string, logger: Logger): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    logger.warn({ directory, error }, 'workspace removal failed; remove it by hand');
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
