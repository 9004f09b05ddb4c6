import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const { version } = JSON.parse(read('package.json'));

test.each(globSync('{apps,packages}/*/package.json', { cwd: ROOT }))('%s has no version of its own', (file) => {
  expect(JSON.parse(read(file))).not.toHaveProperty('version');
});

test('the newest release in the changelog is the version of package.json', () => {
  const releases = [...read('CHANGELOG.md').matchAll(/^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$/gm)];
  expect(releases[0]?.[1]).toBe(version);
});
