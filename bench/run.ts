import { glob } from 'node:fs/promises';
import path from 'node:path';

/** The export `bench` of every file in a folder beside this file; what it needs is in folders of its own. */
export interface Bench {
  /** One line: what is measured, and the baseline. */
  description: string;
  /** Measures and reports progress. Returns the figures; a ratio refers to the baseline of the same run. */
  measure(progress: (text: string) => void, options: ReadonlyMap<string, string>): Promise<Record<string, unknown>>;
}

/**
 * `pnpm bench NAME [--json] [--OPTION VALUE]…` prints the figures as a list or as one JSON line. Progress goes to standard error.
 */
const [name = '', ...rest] = process.argv.slice(2);
const options = new Map(
  rest.flatMap((word, at): [string, string][] => (word.startsWith('--') ? [[word.slice(2), rest[at + 1] ?? '']] : [])),
);
const files = new Map<string, string>();
for await (const file of glob('*/*.ts', { cwd: import.meta.dirname })) files.set(path.basename(file, '.ts'), file);
const file = files.get(name);
if (file === undefined) {
  console.error(`unknown benchmark ${JSON.stringify(name)}; there are ${[...files.keys()].toSorted().join(', ')}`);
  process.exit(1);
}
const { bench }: { bench: Bench } = await import(path.join(import.meta.dirname, file));
console.error(bench.description);
const figures = await bench.measure((text) => console.error(`  ${text}`), options);
if (options.has('json')) console.log(JSON.stringify(figures));
else
  for (const [figure, value] of Object.entries(figures)) console.log(`${figure.padEnd(32)} ${JSON.stringify(value)}`);
process.exit(0);
