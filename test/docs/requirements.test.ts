import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const lines = readFileSync(path.join(ROOT, 'docs/requirements.md'), 'utf8').split('\n');
const rows = lines.filter((line) => /^\| (?!-|Requirement|Section|Limitation)/.test(line));

test.each(rows)('%s', (row) => {
  const named = [...row.matchAll(/`([^`]+\.test\.ts)` "([^"]+)"/g)];
  expect(named.length > 0 || /not yet/i.test(row)).toBe(true);
  for (const [, file = '', title = ''] of named) {
    expect(readFileSync(path.join(ROOT, file), 'utf8')).toContain(title);
  }
});

test('the table has a row for each requirement', () => {
  expect(rows.length).toBeGreaterThan(50);
});
