import { readdirSync } from 'node:fs';
import type { EvalCase } from '../eval-case.ts';

export function listWritten(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

export function readWritten(_directory: string, id: string): EvalCase {
  throw new Error(`not yet: ${id}`);
}
