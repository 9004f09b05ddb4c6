import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { AGENT_UID, type InputFile, type RunRequest } from '../../../agent-runtime.ts';

/** A file that exists when all other inputs do. */
export const INPUTS_COMPLETE = '.complete';
/** The variables of the agent, each with a NUL behind it. */
export const ENVIRONMENT = '.environment';
/** Where start-agent.sh looks for secrets, and deletes them. */
export const SECRETS_DIRECTORY = '.secrets';

/** Returns the file with the variables of a run: its container may have been created before the run was known. */
export function environmentFile({
  incidentId,
  environment,
}: Pick<RunRequest, 'incidentId' | 'environment'>): InputFile {
  const variables = Object.entries({ ...environment, NIGHTCRIER_INCIDENT_ID: incidentId });
  return { path: ENVIRONMENT, content: Buffer.from(variables.map(([name, value]) => `${name}=${value}\0`).join('')) };
}

/**
 * Packs the agent's inputs: files and directories that root owns and everybody may read. The directory of the secrets belongs
 * to the agent's user, so that the container can empty it.
 */
export async function inputArchive(files: readonly InputFile[]): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: '.', type: 'directory', mode: 0o555 });
  const directories = new Set(['.']);
  for (const { path, content, isSecret = false } of files) {
    const name = isSecret ? `${SECRETS_DIRECTORY}/${path}` : path;
    const owner = isSecret ? AGENT_UID : 0;
    for (const directory of directoriesOf(name)) {
      if (directories.has(directory)) continue;
      directories.add(directory);
      archive.entry({ name: directory, type: 'directory', mode: isSecret ? 0o700 : 0o555, uid: owner, gid: owner });
    }
    archive.entry({ name, mode: isSecret ? 0o400 : 0o444, uid: owner, gid: owner }, content);
  }
  archive.finalize();
  return buffer(archive);
}

/** Returns the directories above a file, the outermost first. */
function directoriesOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
