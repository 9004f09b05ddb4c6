import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Workspace } from '../../../workspace/workspace.ts';
import type { InputFile } from '../../../agent-runtime.ts';

/** Optional: a cluster whose permissions are unknown has none. */
const INCIDENT_FILES = ['incident.json', 'incident_cluster_permissions.json', 'prompt-sent.md'];

/**
 * Reads what the agent of a complete workspace gets.
 * @param kubeconfig becomes `.kube/config`
 * @param secrets by the name of the variable that the agent's CLI reads
 */
export async function readInputs(
  { directory, evidence }: Pick<Workspace, 'directory' | 'evidence'>,
  kubeconfig: string,
  secrets: Record<string, string>,
): Promise<InputFile[]> {
  const present = new Set(await readdir(directory));
  const incident = INCIDENT_FILES.filter((name) => present.has(name));
  const pieces = present.has('evidence') ? (await readdir(evidence)).map((name) => `evidence/${name}`) : [];
  const files = [...incident, ...pieces].map(async (file) => ({
    path: file,
    content: await readFile(path.join(directory, file)),
  }));
  const keys = Object.entries(secrets).map(([name, value]) => ({
    path: name,
    content: Buffer.from(value),
    isSecret: true,
  }));
  return [...(await Promise.all(files)), { path: '.kube/config', content: Buffer.from(kubeconfig) }, ...keys];
}
