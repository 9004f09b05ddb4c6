import { existsSync } from 'node:fs';
import path from 'node:path';
import type { EvalCase } from '../eval-case.ts';
import { listRecorded, readRecorded } from './read-opsbench.ts';
import { listWritten, readWritten } from './read-written.ts';

/** The names of the cases of a directory, in either format. @throws Error when it holds neither */
export function listCases(directory: string): string[] {
  const ids = isRecorded(directory) ? listRecorded(directory) : listWritten(directory);
  if (ids.length === 0) throw new Error(`${directory} holds no cases: neither truth.json with *.json.gz nor *.yaml`);
  return ids;
}

/** Reads one case. */
export function readCase(directory: string, id: string): EvalCase {
  return isRecorded(directory) ? readRecorded(directory, id) : readWritten(directory, id);
}

function isRecorded(directory: string): boolean {
  return existsSync(path.join(directory, 'truth.json'));
}
