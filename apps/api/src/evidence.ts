import { isIncidentId } from '@nightcrier/state/incidents/incident-id';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

export interface EvidenceFile {
  /** Path below the folder `evidence` of the workspace. */
  name: string;
  /** Bytes. */
  size: number;
}

/** Which bytes of a file to read. */
export interface EvidencePart {
  name: string;
  offset: number;
  limit: number;
}

/** Files of an incident that are listed. */
const MOST_FILES = 500;
const DEEPEST = 4;

/**
 * Lists the evidence of an incident.
 * @returns undefined where this machine has no workspace of it: workers keep them
 */
export async function listEvidence(workspaceRoot: string, incidentId: string): Promise<EvidenceFile[] | undefined> {
  if (!isIncidentId(incidentId)) return undefined;
  const folder = folderOf(workspaceRoot, incidentId);
  const files: EvidenceFile[] = [];
  const list = async (below: string, depth: number): Promise<void> => {
    // Symbolic links are neither files nor folders here.
    for (const entry of await readdir(path.join(folder, below), { withFileTypes: true })) {
      const name = path.join(below, entry.name);
      if (files.length >= MOST_FILES) return;
      if (entry.isDirectory() && depth < DEEPEST) await list(name, depth + 1);
      if (entry.isFile()) files.push({ name, size: (await stat(path.join(folder, name))).size });
    }
  };
  try {
    await list('', 0);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return files.toSorted((one, other) => one.name.localeCompare(other.name));
}

/**
 * Reads a part of a file that {@link listEvidence} lists.
 * @returns undefined where it lists no such file
 */
export async function readEvidence(
  workspaceRoot: string,
  incidentId: string,
  { name, offset, limit }: EvidencePart,
): Promise<{ text: string; size: number; next?: number } | undefined> {
  const files = await listEvidence(workspaceRoot, incidentId);
  const file = files?.find((one) => one.name === name);
  if (!file) return undefined;
  await using handle = await open(path.join(folderOf(workspaceRoot, incidentId), file.name));
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(limit), 0, limit, offset);
  const end = offset + bytesRead;
  return { text: buffer.toString('utf8', 0, bytesRead), size: file.size, ...(end < file.size && { next: end }) };
}

function folderOf(workspaceRoot: string, incidentId: string): string {
  return path.join(workspaceRoot, incidentId, 'evidence');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
