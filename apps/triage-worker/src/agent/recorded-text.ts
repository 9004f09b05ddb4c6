import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { toolOutputs } from './stream/tool-output.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { squeeze } from '../report/unsupported-quotes.ts';

/** Most that is compared with, in characters: the search is not to keep a worker from its other work. */
const LONGEST = 4 * 1024 * 1024;

/**
 * All that was recorded of a run, squeezed: the evidence, what the agent was told of its incident, and what its tools gave
 * it. What it wrote itself is none of it.
 * @returns undefined when it is too much to be compared with
 */
export async function recordedText({ directory, evidence, logs }: Workspace): Promise<string | undefined> {
  const told = ['incident.json', 'incident_cluster_permissions.json'].map((name) => path.join(directory, name));
  const pieces = (await readdir(evidence)).map((name) => path.join(evidence, name));
  let recorded = '';
  for (const file of [...told, ...pieces]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    recorded += `${squeeze(text)}\n`;
    if (recorded.length > LONGEST) return undefined;
  }
  for await (const text of toolOutputs(logs)) {
    recorded += `${squeeze(text)}\n`;
    if (recorded.length > LONGEST) return undefined;
  }
  return recorded;
}
