import { writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { stringify } from 'yaml';
import { z } from 'zod';

/** In the logs of a run: what it has read through the kube door, as text. */
export const DOOR_ANSWERS = 'gateway-answers.txt';

const Table = z.object({
  kind: z.literal('Table'),
  rows: z.array(z.object({ cells: z.array(z.unknown()) })).nullish(),
});

/** Writes the answers of the API server as a client prints them, so that quotes are found. */
export async function writeAnswers(file: string, answers: readonly string[]): Promise<void> {
  let text = '';
  for (const answer of answers) {
    text += `${asPrinted(answer)}\n`;
    // The worker serves other incidents meanwhile.
    await setImmediate();
  }
  if (text !== '') await writeFile(file, text, { mode: 0o600 });
}

/** Returns rows for a table, JSON and YAML for other objects, and the rest, such as a log or a part of an object, as it is. */
export function asPrinted(answer: string): string {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return answer;
  }
  if (typeof value !== 'object' || value === null) return answer;
  const table = Table.safeParse(value);
  if (!table.success) return `${answer}\n${stringify(value)}`;
  return (table.data.rows ?? []).map(({ cells }) => cells.map(String).join('  ')).join('\n');
}
