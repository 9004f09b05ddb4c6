import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findLogMessages, LEVELS, type Level } from './find-log-messages.ts';

/** One message with everything that the sources say of it. */
export interface ListedMessage {
  readonly message: string;
  /** The most severe first. */
  readonly levels: readonly Level[];
  /** The folders that log it, as `ingester/spool` or `state/redis`. */
  readonly components: readonly string[];
  /** `file:line` of each call. */
  readonly calls: readonly string[];
}

/** Returns the log messages of all product code by text, and what cannot be listed. */
export function readLogMessages(root: string): { messages: ListedMessage[]; problems: string[] } {
  const files = globSync('{apps,packages}/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const found = files
    .toSorted()
    .map((file) => ({ file, ...findLogMessages(file, readFileSync(path.join(root, file), 'utf8')) }));
  const calls = found.flatMap(({ file, messages }) => messages.map((message) => ({ file, ...message })));
  const messages = [...Map.groupBy(calls, ({ message }) => message)].map(([message, same]) => ({
    message,
    levels: LEVELS.filter((level) => same.some(({ levels }) => levels.includes(level))),
    components: [...new Set(same.map(({ file }) => componentOf(file)))],
    calls: same.map(({ file, line }) => `${file}:${line}`),
  }));
  return {
    messages: messages.toSorted((a, b) => a.message.localeCompare(b.message, 'en')),
    problems: found.flatMap(({ problems }) => problems),
  };
}

function componentOf(file: string): string {
  const [, owner = '', , ...rest] = file.split(path.sep);
  return rest.length > 1 ? `${owner}/${rest[0]}` : owner;
}
