import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { catalogProblems, readCatalog } from './log-messages/catalog.ts';
import { readLogMessages } from './log-messages/read-log-messages.ts';
import { renderLogMessages } from './log-messages/render.ts';

/** Writes docs/log-messages.md; fails on messages that are no constants or that docs/log-messages.yaml does not explain. */
const root = path.join(import.meta.dirname, '..');
const { messages, problems } = readLogMessages(root);
const catalog = readCatalog(root);
const all = [...problems, ...catalogProblems(messages, catalog)];
for (const problem of all) console.error(problem);
writeFileSync(path.join(root, 'docs/log-messages.md'), renderLogMessages(messages, catalog));
console.log(`log messages: ${messages.length}, ${all.length} problems`);
process.exitCode = all.length === 0 ? 0 : 1;
