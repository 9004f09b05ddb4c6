import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { toolOutputs } from './stream/tool-output.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { squeeze } from '../report/unsupported-quotes.ts';

/** Characters: the search must not block the worker. */
const LONGEST = 4 * 1024 * 1024;

/** What was recorded during a run. */
export interface RecordedText {
  /** Without white space, see {@link squeeze}. */
  squeezed: string;
  /** Every word that could be the name of an object. */
  names: ReadonlySet<string>;
}

/** Words of names; longer ones are none. */
const WORD = /[a-z0-9][-a-z0-9.]{0,252}/g;

/**
 * Returns the recorded text of a run: the evidence, the incident files, and the output of the agent's tools, without the agent's own
 * text.
 * @returns undefined when it is too long to search
 */
export async function recordedText({ directory, evidence, logs }: Workspace): Promise<RecordedText | undefined> {
  const incidentFiles = ['incident.json', 'incident_cluster_permissions.json'].map((name) =>
    path.join(directory, name),
  );
  const pieces = (await readdir(evidence)).map((name) => path.join(evidence, name));
  let squeezed = '';
  const names = new Set<string>();
  const add = (text: string): boolean => {
    squeezed += `${squeeze(text)}\n`;
    for (const [word] of text.matchAll(WORD)) names.add(word.replace(/[.-]{1,10}$/, ''));
    return squeezed.length <= LONGEST;
  };
  for (const file of [...incidentFiles, ...pieces]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (!add(text)) return undefined;
  }
  for await (const text of toolOutputs(logs)) {
    if (!add(text)) return undefined;
  }
  return { squeezed, names };
}
