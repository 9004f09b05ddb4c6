import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { catalogProblems, readCatalog } from '../../checks/log-messages/catalog.ts';
import { readLogMessages } from '../../checks/log-messages/read-log-messages.ts';
import { renderLogMessages } from '../../checks/log-messages/render.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const { messages, problems } = readLogMessages(ROOT);
const catalog = readCatalog(ROOT);

test('every log message of the product code is a constant', () => {
  expect(problems).toEqual([]);
});

test('docs/log-messages.yaml explains every log message, and no other', () => {
  expect(catalogProblems(messages, catalog)).toEqual([]);
});

test('docs/log-messages.md is up to date: run `pnpm log-messages`', () => {
  expect(readFileSync(path.join(ROOT, 'docs/log-messages.md'), 'utf8')).toBe(renderLogMessages(messages, catalog));
});
