import { Redis } from 'ioredis';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aclRules } from '../src/server/acl.ts';

const SOURCES = path.join(import.meta.dirname, '../src');
/** Methods of the language with the names of commands. */
const OF_THE_LANGUAGE = new Set([
  'append',
  'copy',
  'debug',
  'digest',
  'keys',
  'move',
  'object',
  'sort',
  'unlink',
  'wait',
  'watch',
]);

// QUIT is allowed to every user. Of some commands, one kind is allowed.
const allowed = new Set([...aclRules('prefix').map((rule) => rule.replace(/^\+|\|.*$/g, '')), 'quit']);
const commands = new Set(new Redis({ lazyConnect: true }).getBuiltinCommands());

/** Commands in a file: calls of scripts, and methods of the client. */
function commandsIn(file: string): string[] {
  const text = readFileSync(path.join(SOURCES, file), 'utf8');
  const called = [...text.matchAll(/call\(\s*'([A-Z]+)'/g)].map(([, name = '']) => name.toLowerCase());
  if (file.endsWith('.lua')) return called;
  const methods = [...text.matchAll(/\.([a-z]+)\(/g)].map(([, name = '']) => name);
  return [...called, ...methods.filter((name) => commands.has(name) && !OF_THE_LANGUAGE.has(name))];
}

test('the rules of an ACL user allow every command that the sources send', () => {
  const files = globSync('**/*.{ts,lua}', { cwd: SOURCES }).filter((file) => !file.endsWith('.test.ts'));
  const sent = files.flatMap((file) => commandsIn(file).map((name) => ({ file, name })));
  expect(sent.length).toBeGreaterThan(200);
  expect(sent.filter(({ name }) => !allowed.has(name))).toEqual([]);
});
