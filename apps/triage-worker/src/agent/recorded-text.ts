import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { toolOutputs } from './stream/tool-output.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { squeeze } from '../report/unsupported-quotes.ts';

/** Characters: the search must not block the worker. */
const LONGEST = 4 * 1024 * 1024;

/**
 * Returns the recorded text of a run, squeezed: the evidence, the incident files, and the output of the agent's tools, without
 * the agent's own text.
 * @returns undefined when it is too long to search
 */
export async function recordedText({ directory, evidence, logs }: Workspace): Promise<string | undefined> {
  const incidentFiles = ['incident.json', 'incident_cluster_permissions.json'].map((name) =>
    path.join(directory, name),
  );
  const pieces = (await readdir(evidence)).map((name) => path.join(evidence, name));
  let recorded = '';
  for (const file of [...incidentFiles, ...pieces]) {
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
