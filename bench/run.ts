import { access } from 'node:fs/promises';
import path from 'node:path';

/** What every file here but this one exports as `bench`. */
export interface Bench {
  /** One line: what it measures, against which baseline. */
  description: string;
  /** Measures, and tells its progress on the way. Returns the figures; a ratio is against the baseline of the same run. */
  measure(progress: (text: string) => void): Promise<Record<string, unknown>>;
}

/** `pnpm bench NAME [--json]`: figures as one JSON line, or as a list. Progress goes to standard error. */
const [name = '', format] = process.argv.slice(2);
const file = path.join(import.meta.dirname, `${name}.ts`);
const known =
  /^[a-z][a-z-]*$/.test(name) &&
  name !== 'run' &&
  (await access(file).then(
    () => true,
    () => false,
  ));
if (!known) {
  console.error(`there is no benchmark ${JSON.stringify(name)}; they are the files in bench/`);
  process.exit(1);
}
const { bench }: { bench: Bench } = await import(file);
console.error(bench.description);
const figures = await bench.measure((text) => console.error(`  ${text}`));
if (format === '--json') console.log(JSON.stringify(figures));
else
  for (const [figure, value] of Object.entries(figures)) console.log(`${figure.padEnd(32)} ${JSON.stringify(value)}`);
process.exit(0);
