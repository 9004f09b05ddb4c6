import type { Incident } from '@nightcrier/core/incidents/incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** The files of a workspace that this process can read. */
export interface EvidenceFiles {
  /** Path below the workspace, and size in bytes. */
  files: { name: string; bytes: number }[];
  isComplete: boolean;
}

const PARTS = ['evidence', 'output', 'logs'];
const MOST_FILES = 200;
const DEEPEST = 4;
/** What is shown of a file, bytes. */
const LONGEST_SHOWN = 512 * 1024;

/**
 * Lists the files of an incident's workspace, where the API runs on the machine of the worker.
 * @returns undefined where it does not
 */
export async function listEvidence(
  root: string | undefined,
  incident: Pick<Incident, 'workspace'>,
): Promise<EvidenceFiles | undefined> {
  const workspace = await workspaceOf(root, incident);
  if (workspace === undefined) return undefined;
  const files: EvidenceFiles['files'] = [];
  for (const part of PARTS) await collect(workspace, part, files, 0);
  return { files: files.slice(0, MOST_FILES), isComplete: files.length <= MOST_FILES };
}

async function collect(workspace: string, folder: string, files: EvidenceFiles['files'], depth: number): Promise<void> {
  if (depth > DEEPEST || files.length > MOST_FILES) return;
  const entries = await readdir(path.join(workspace, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries.toSorted((one, other) => one.name.localeCompare(other.name))) {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) await collect(workspace, name, files, depth + 1);
    else if (entry.isFile() && files.length <= MOST_FILES)
      files.push({ name, bytes: (await stat(path.join(workspace, name)).catch(() => ({ size: 0 }))).size });
  }
}

/**
 * Reads the beginning of a file of an incident's workspace, without secrets.
 * @returns undefined for what is no readable file of it
 */
export async function readEvidence(
  root: string | undefined,
  incident: Pick<Incident, 'workspace'>,
  name: string,
): Promise<string | undefined> {
  const workspace = await workspaceOf(root, incident);
  if (workspace === undefined || !PARTS.includes(name.split('/')[0] ?? '')) return undefined;
  // A link may lead out of the workspace: agents write into it.
  const file = await realpath(path.join(workspace, name)).catch(() => undefined);
  if (file === undefined || !isBelow(workspace, file)) return undefined;
  try {
    await using handle = await open(file);
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_SHOWN), 0, LONGEST_SHOWN, 0);
    return await redactText(buffer.subarray(0, bytesRead).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The row names the workspace on the worker's machine; only one below the configured root is read. */
async function workspaceOf(
  root: string | undefined,
  { workspace }: Pick<Incident, 'workspace'>,
): Promise<string | undefined> {
  if (root === undefined || workspace === undefined) return undefined;
  try {
    const [parent, own] = await Promise.all([realpath(root), realpath(workspace)]);
    return isBelow(parent, own) ? own : undefined;
  } catch {
    return undefined;
  }
}

function isBelow(parent: string, child: string): boolean {
  const relative = path.relative(parent, child);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
