import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { toolOutputs } from '../agent/stream/tool-output.ts';
import { DOOR_ANSWERS } from '../agent/access/door-answers.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { squeeze } from '../report/unsupported-quotes.ts';

/** Characters: the search must not block the worker. */
const LONGEST = 4 * 1024 * 1024;
/** Characters that are read at once. */
const CHUNK = 128 * 1024;

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
 * text, and the latest answers of the API server to it.
 * @returns undefined when it is too long to search
 */
export async function recordedText({ directory, evidence, logs }: Workspace): Promise<RecordedText | undefined> {
  const incidentFiles = ['incident.json', 'incident_cluster_permissions.json'].map((name) =>
    path.join(directory, name),
  );
  const pieces = (await readdir(evidence)).map((name) => path.join(evidence, name));
  let squeezed = '';
  const names = new Set<string>();
  const add = async (text: string): Promise<boolean> => {
    for (let start = 0; start < text.length && squeezed.length <= LONGEST; start += CHUNK) {
      const chunk = text.slice(start, start + CHUNK);
      squeezed += squeeze(chunk);
      for (const [word] of chunk.matchAll(WORD)) names.add(word.replace(/[.-]{1,10}$/, ''));
      // The worker serves other incidents meanwhile.
      await setImmediate();
    }
    squeezed += '\n';
    return squeezed.length <= LONGEST;
  };
  for (const file of [...incidentFiles, ...pieces]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (!(await add(text))) return undefined;
  }
  for await (const text of toolOutputs(logs)) {
    if (!(await add(text))) return undefined;
  }
  // Bounded where they are recorded; a rest that does not fit is left out.
  await add(await readFile(path.join(logs, DOOR_ANSWERS), 'utf8').catch(() => ''));
  return { squeezed, names };
}
