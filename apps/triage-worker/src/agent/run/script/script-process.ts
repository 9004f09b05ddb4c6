import { WorkerProcess } from '@nightcrier/state/queue/live-workers';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, identityOf, isGroupLeader, ownMachine } from '../../../process-identity.ts';
import { replaceFile } from '../../../workspace/workspace.ts';
import { WORKSPACE_FLAG } from './script-arguments.ts';

const FILE = 'script-process.json';
const POLL_MS = 50;

/** Records the process of a script in the workspace, by which the next worker finds it if this one dies. */
export function recordScript(directory: string, pid: number): void {
  const identity = identityOf(pid);
  if (!identity) return;
  try {
    replaceFile(path.join(directory, FILE), `${JSON.stringify(identity)}\n`);
  } catch {
    // The disk is full or unwritable. The script runs without a record; it is needed only if this worker dies as well.
  }
}

/** Removes the record of a script that has ended. */
export async function forgetScript(directory: string): Promise<void> {
  await rm(path.join(directory, FILE), { force: true });
}

/**
 * Ends the script of an earlier attempt whose worker died on this machine: SIGTERM to its process group, and SIGKILL after the
 * grace. Two agents of one incident would cost twice, and write into one workspace. Returns whether there was one.
 * @param grace seconds
 */
export async function endEarlierScript(directory: string, grace: number): Promise<boolean> {
  const script = (await readRecord(directory)) ?? (await findScript(directory));
  if (!script || script.machine !== ownMachine() || hasEnded(script)) return false;
  signalGroup(script.pid, 'SIGTERM');
  const limit = performance.now() + grace * 1000;
  while (!hasEnded(script) && performance.now() < limit) await sleep(POLL_MS);
  signalGroup(script.pid, 'SIGKILL');
  while (!hasEnded(script)) await sleep(POLL_MS);
  return true;
}

async function readRecord(directory: string): Promise<WorkerProcess | undefined> {
  try {
    return WorkerProcess.safeParse(JSON.parse(await readFile(path.join(directory, FILE), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Finds a script by its arguments: its worker may have died in the moment between its start and its record. */
async function findScript(directory: string): Promise<WorkerProcess | undefined> {
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.map(Number).filter((number) => number > 0)) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const at = words.indexOf(WORKSPACE_FLAG);
    if (at > 0 && words[at + 1] === directory && isGroupLeader(pid)) return identityOf(pid);
  }
  return undefined;
}

/** A script leads its group. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
