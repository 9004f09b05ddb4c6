import { access } from 'node:fs/promises';
import path from 'node:path';

/** The export `bench` of every other file in this folder. */
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
const file = path.join(import.meta.dirname, `${name}.ts`);
const known =
  /^[a-z][a-z-]*$/.test(name) &&
  name !== 'run' &&
  (await access(file).then(
    () => true,
    () => false,
  ));
if (!known) {
  console.error(`unknown benchmark ${JSON.stringify(name)}; the files in bench/ are the benchmarks`);
  process.exit(1);
}
const { bench }: { bench: Bench } = await import(file);
console.error(bench.description);
const figures = await bench.measure((text) => console.error(`  ${text}`), options);
if (options.has('json')) console.log(JSON.stringify(figures));
else
  for (const [figure, value] of Object.entries(figures)) console.log(`${figure.padEnd(32)} ${JSON.stringify(value)}`);
process.exit(0);
