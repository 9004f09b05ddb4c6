import { readableLogLine } from '@nightcrier/runtime/process/logger';
import type { ChildOptions } from './child-process.ts';

/**
 * Prints the log lines of processes: behind the name of the process and readable on a terminal, elsewhere as they are. Each
 * JSON line names its process.
 */
export function printLogLines(output: NodeJS.WriteStream): ChildOptions['onLine'] {
  return (name, line) => {
    if (output.isTTY) output.write(`${name.padEnd(13)} | ${readableLogLine(line)}\n`);
    else output.write(`${line.startsWith('{') ? line : JSON.stringify({ level: 'warn', process: name, msg: line })}\n`);
  };
}
