import { readableLogLine } from '@nightcrier/runtime/process/logger';
import type { ChildOptions } from './child-process.ts';

/** Prints each log line behind the name of its process: readable on a terminal, JSON elsewhere. */
export function printLogLines(output: NodeJS.WriteStream): ChildOptions['onLine'] {
  return (name, line) => {
    output.write(`${name.padEnd(13)} | ${output.isTTY ? readableLogLine(line) : line}\n`);
  };
}
