import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { toolOutputs } from '../agent/stream/tool-output.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { squeeze } from './unsupported-quotes.ts';

/** Most that is kept to compare with, in characters. */
const LONGEST = 64 * 1024 * 1024;

/**
 * All that was recorded of a run, squeezed: the evidence, what the agent was told of its incident, and what its tools gave
 * it. What it wrote itself is none of it.
 */
export async function recordedText({ directory, evidence, logs }: Workspace): Promise<string> {
  const told = ['incident.json', 'incident_cluster_permissions.json'].map((name) => path.join(directory, name));
  const pieces = (await readdir(evidence)).map((name) => path.join(evidence, name));
  let recorded = '';
  for (const file of [...told, ...pieces]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    recorded += `${squeeze(text)}\n`;
  }
  for await (const text of toolOutputs(logs)) {
    recorded += `${squeeze(text)}\n`;
    if (recorded.length > LONGEST) break;
  }
  return recorded;
}
