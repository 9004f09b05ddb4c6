import { readdir } from 'node:fs/promises';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { type Workspace, workspaceOf } from '@nightcrier/triage-worker/workspace/workspace';

/** How many ids an error lists. */
const MOST_LISTED = 5;

/**
 * Returns the workspace of the incident with this id, or of the only one whose id begins so. Symbolic links do not count.
 * @throws ExitError `usage` for an ambiguous beginning and for what is no id, `no_input` where there is no such workspace
 */
export async function findWorkspace(root: string, id: string): Promise<Workspace> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(id))
    throw new ExitError('usage', `${JSON.stringify(id)} is no incident id; see nightcrier incidents list`);
  const ids = await listIds(root);
  const found = ids.includes(id) ? [id] : ids.filter((one) => one.toLowerCase().startsWith(id.toLowerCase()));
  const [only] = found;
  if (only === undefined)
    throw new ExitError(
      'no_input',
      `no incident in ${root} (workspace_root) begins with ${JSON.stringify(id)}; run this where the triage worker runs, with its configuration. old workspaces are removed, see workspace_retention_days`,
    );
  if (found.length > 1) {
    const listed = found.slice(0, MOST_LISTED).join(', ');
    throw new ExitError(
      'usage',
      `${found.length} incidents begin with ${JSON.stringify(id)}: ${listed}; give more of it`,
    );
  }
  return workspaceOf(root, only);
}

async function listIds(root: string): Promise<string[]> {
  try {
    const entries = await readdir(root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
