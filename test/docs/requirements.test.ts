import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findTests } from '../../checks/source/find-tests.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const lines = readFileSync(path.join(ROOT, 'docs/requirements.md'), 'utf8').split('\n');
const rows = lines.filter((line) => /^\| (?!-|Requirement|Section|Limitation)/.test(line));

/** Returns why the tests named in a row do not show it: missing, or skipped. */
function problemsOf(row: string): string[] {
  const named = [...row.matchAll(/`([^`]+\.test\.ts)` "([^"]+)"/g)];
  if (named.length === 0) return /not yet/i.test(row) ? [] : ['names no test'];
  return named.flatMap(([, file = '', title = '']) => {
    const absolute = path.join(ROOT, file);
    if (!existsSync(absolute)) return [`${file} does not exist`];
    const tests = findTests(file, readFileSync(absolute, 'utf8')).filter((found) =>
      [...found.blocks, found.title].join(' > ').includes(title),
    );
    if (tests.length === 0) return [`${file} has no test "${title}"`];
    return tests.flatMap(({ skipped }) =>
      skipped === undefined ? [] : [`${file} "${title}" is skipped by ${skipped}`],
    );
  });
}

test.each(rows)('%s', (row) => {
  expect(problemsOf(row)).toEqual([]);
});

test('the table has a row for each requirement', () => {
  expect(rows.length).toBeGreaterThan(50);
});
