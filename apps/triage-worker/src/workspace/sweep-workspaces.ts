import { isFinal } from '@nightcrier/core/incidents/incident';
import type { Logger } from '@nightcrier/core/logger';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { SPARE } from './spare-workspace.ts';

const DAY_MS = 24 * 3_600_000;
/** Begins the names of workspaces that are being removed. */
const LEAVING = '.removing-';

export interface Retention {
  root: string;
  /** Age in days after which a workspace goes; 0: never. */
  days: number;
  /** Most workspaces that are kept; 0: no bound. */
  count: number;
  incidents: IncidentStore;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
  signal: AbortSignal;
}

/**
 * Removes the workspaces that are too old or too many, the oldest first, except those of incidents that wait or run. Only
 * folders with an `incident.json` count as workspaces; its time, that of the last attempt, is a workspace's age. Any number
 * of workers may sweep the same root: a workspace is renamed before it is removed, and only one of them can do that.
 * @returns ids of the incidents whose workspaces this call has removed
 */
export async function sweepWorkspaces(retention: Retention): Promise<string[]> {
  const { root, logger, signal } = retention;
  const entries = await listDirectories(root);
  // A worker died between renaming and removing.
  for (const name of entries.filter((entry) => entry.startsWith(LEAVING))) await remove(path.join(root, name), logger);

  for (const name of entries.filter((entry) => entry.startsWith(SPARE)))
    await removeForgotten(path.join(root, name), retention);

  const removed: string[] = [];
  for (const id of await surplus(entries, retention)) {
    if (signal.aborted) break;
    if (!(await mayGo(id, retention))) continue;
    const leaving = path.join(root, `${LEAVING}${randomUUID()}`);
    if (!(await takeAway(path.join(root, id), leaving))) continue;
    await remove(leaving, logger);
    removed.push(id);
  }
  return removed;
}

/** Ids of the workspaces beyond one of the bounds, the oldest first. */
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

/** Whether nobody needs the workspace any more. A row that cannot be read needs a person, who may need the workspace. */
async function mayGo(id: string, { incidents }: Retention): Promise<boolean> {
  try {
    const incident = await incidents.get(id);
    return incident === undefined || isFinal(incident.state);
  } catch (error) {
    if (error instanceof CorruptIncidentError) return false;
    throw error;
  }
}

/** Links do not count: a workspace is never one. */
async function listDirectories(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    // No incident has been investigated yet.
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Milliseconds since the epoch; undefined for what is not there. */
async function modified(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether it was us who took it away, and not another worker. */
async function takeAway(directory: string, leaving: string): Promise<boolean> {
  try {
    await rename(directory, leaving);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** A worker that still lives makes itself another spare one. */
async function removeForgotten(spare: string, { now = Date.now, logger }: Retention): Promise<void> {
  const made = await modified(spare);
  if (made !== undefined && now() - made > DAY_MS) await remove(spare, logger);
}

async function remove(directory: string, logger: Logger): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    logger.warn({ directory, error }, 'a workspace past its retention could not be removed; remove it by hand');
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
