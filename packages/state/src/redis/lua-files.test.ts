import { silentLogger } from '@nightcrier/core/logger';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { BullmqScripts } from './bullmq-scripts.ts';
import { includesOf, localName } from './compose-lua.ts';
import { readLua } from './lua-script.ts';

const SRC = path.join(import.meta.dirname, '..');
const bullmq = new BullmqScripts(silentLogger);

/** By include name. */
const sources = new Map(
  globSync('*/lua/**/*.lua', { cwd: SRC }).map((file) => {
    const name = file.replace('/lua/', '/').replace(/\.lua$/, '');
    return [name, readLua(name, bullmq)] as const;
  }),
);
const included = new Set([...sources.values()].flatMap(includesOf));
const scripts = [...sources.keys()].filter((name) => !included.has(name));
const uncommented = (source: string): string => source.replaceAll(/--.*$/gm, '').replaceAll(/'[^']*'/g, "''");

describe('Lua files', () => {
  test('every file that no other one includes is a script that a store runs', async () => {
    const stores = globSync('**/*.ts', { cwd: SRC, exclude: ['**/*.test.ts'] });
    const code = await Promise.all(stores.map((file) => readFile(path.join(SRC, file), 'utf8')));
    const defined = new Set(
      code.flatMap((text) => Array.from(text.matchAll(/defineScript\(\w+, '([^']+)'\)/g), ([, name]) => name)),
    );
    expect(new Set(scripts)).toEqual(defined);
  });

  test.each(scripts)('%s documents its keys, arguments and reply', (name) => {
    const [header = ''] = (sources.get(name) ?? '').split(/^(?!--)/m);
    expect(header).toMatch(/^-- KEYS/m);
    expect(header).toMatch(/^-- ARGV/m);
    expect(header).toMatch(/^-- Returns: /m);
    const documented = Array.from(header.matchAll(/(?:ARGV|KEYS)\[(\d+)/g), ([text]) => text);
    const used = Array.from((sources.get(name) ?? '').matchAll(/(?:ARGV|KEYS)\[(\d+)/g), ([text]) => text);
    expect([...new Set(used)].toSorted()).toEqual([...new Set(documented)].toSorted());
  });

  test.each([...included].filter((name) => sources.has(name)))(
    '%s starts with what it returns, and reads neither KEYS nor ARGV',
    (name) => {
      const source = sources.get(name) ?? '';
      const [, calls] = /^-- (\w+)\(/.exec(source) ?? [];
      const expected = /^return function/m.test(source) ? localName(name) : calls;
      expect(calls).toBe(expected);
      expect(source.split('\n')[0]).toMatch(/^-- \S/);
      expect(uncommented(source)).not.toMatch(/\b(KEYS|ARGV)\b/);
    },
  );

  test.each([...sources.keys()])('%s includes what it uses, and nothing else', (name) => {
    const body = uncommented(sources.get(name) ?? '');
    const locals = new Map([...included].map((file) => [localName(file), file]));
    const own = new Set(
      Array.from(body.matchAll(/\blocal (?:function )?([\w, ]+)/g), ([, list = '']) => list.split(', ')).flat(),
    );
    const used = [...locals].filter(
      ([local]) =>
        local !== localName(name) && !own.has(local) && new RegExp(`(?<![\\w.])${local}\\b(?! =)`).test(body),
    );
    expect(used.map(([, file]) => file).toSorted()).toEqual(includesOf(sources.get(name) ?? '').toSorted());
  });

  test.each([...included].filter((name) => sources.has(name)))('%s holds no variable that changes', (name) => {
    const source = uncommented(sources.get(name) ?? '');
    const topLevel = source.split('\n').filter((line) => /^\w/.test(line) && !line.startsWith('end'));
    const constant = /^(local function \w+\(|local [A-Z_]+(, [A-Z_]+)* = |return )/;
    // The names of keys are one table, which the file itself fills.
    const keys = name === 'redis/keys' ? /^(local names = |function names\.\w+\()/ : constant;
    for (const line of topLevel) expect(constant.test(line) || keys.test(line) ? '' : line).toBe('');
    expect(source.match(/^return /gm)).toHaveLength(1);
    expect(source).not.toMatch(new RegExp(`^local (function )?${localName(name)}\\b`, 'm'));
    expect(source).not.toMatch(/^\s+[A-Z_]+(\[[^\]]*\]|\.\w+)? = /m);
  });
});
