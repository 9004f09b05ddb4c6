import type { Logger } from '@nightcrier/core/logger';
import { format } from 'node:util';

const PRINTS = ['debug', 'error', 'info', 'log', 'warn'] as const;

/** Logs what libraries print by themselves, and the warnings of Node, so that the log is one stream of JSON lines. */
export function logStrayOutput(logger: Logger): void {
  const print = (...values: unknown[]): void =>
    logger.warn({ output: format(...values) }, 'output of a library received');
  for (const name of PRINTS) Reflect.set(console, name, print);
  // Node's own listener prints them.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn({ error: warning }, 'warning of node received'));
}
