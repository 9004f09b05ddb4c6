import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ListedMessage } from './read-log-messages.ts';

const Catalog = z.record(
  z.string(),
  z.strictObject({
    meaning: z.string().min(1),
    /** What an operator does; left out where nothing is to be done. */
    action: z.string().min(1).optional(),
    /** Several places log this one event. */
    shared: z.literal(true).optional(),
  }),
);
export type Catalog = z.infer<typeof Catalog>;

/** Reads docs/log-messages.yaml; a message that is listed twice is an error of the YAML parser. */
export function readCatalog(root: string): Catalog {
  return Catalog.parse(parse(readFileSync(path.join(root, 'docs/log-messages.yaml'), 'utf8')));
}

/** Returns one line for every message without an entry, entry without a message, and message of several events. */
export function catalogProblems(messages: readonly ListedMessage[], catalog: Catalog): string[] {
  const logged = new Set(messages.map(({ message }) => message));
  return [
    ...messages.flatMap(({ message, levels, calls }) => {
      const entry = catalog[message];
      const where = calls.join(', ');
      if (entry === undefined) return [`"${message}" (${where}) is missing from docs/log-messages.yaml`];
      const problems: string[] = [];
      if (calls.length > 1 && !entry.shared) problems.push(`"${message}" is logged in several places: ${where}`);
      if (calls.length === 1 && entry.shared)
        problems.push(`"${message}" is "shared" and logged in one place: ${where}`);
      if (needsAction(levels) && entry.action === undefined)
        problems.push(`"${message}" is logged as ${levels[0]} and says no action`);
      return problems;
    }),
    ...Object.keys(catalog)
      .filter((message) => !logged.has(message))
      .map((message) => `"${message}" in docs/log-messages.yaml is logged nowhere`),
  ];
}

const needsAction = (levels: ListedMessage['levels']): boolean => levels.includes('error') || levels.includes('warn');
