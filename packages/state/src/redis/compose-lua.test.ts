import { describe, expect, test } from 'vitest';
import { composeLua } from './compose-lua.ts';

const compose = (files: Record<string, string>, name = 'main'): string =>
  composeLua(name, (file) => {
    const source = files[file];
    if (source === undefined) throw new Error(`no file ${file}`);
    return source;
  });

describe('composeLua', () => {
  test('puts each included file once in front of the files that use it, as a local variable', () => {
    const files = {
      main: '-- @include a/first-one\n-- @include b/second\nreturn first_one() + second()',
      'a/first-one': '-- @include c/shared/third\nreturn function() return third end',
      'b/second': '-- @include c/shared/third\nreturn function() return third end',
      'c/shared/third': 'return 3',
    };
    expect(compose(files).match(/^local \w+$/gm)).toEqual(['local third', 'local first_one', 'local second']);
    expect(compose(files)).toContain('local third\ndo\nthird = 3\nend\n');
    expect(compose(files).endsWith(files.main)).toBe(true);
  });

  test('refuses files that include each other in a circle, and names them', () => {
    const files = { main: '-- @include a', a: '-- @include b', b: '-- @include c', c: '-- @include a' };
    expect(() => compose(files)).toThrow('Lua files include each other in a circle: main → a → b → c → a');
    expect(() => compose({ main: '-- @include main' })).toThrow('main → main');
  });

  test('refuses two files with the same local name', () => {
    const files = {
      main: '-- @include a/one-name\n-- @include b/one-name',
      'a/one-name': 'return 1',
      'b/one-name': 'return 2',
    };
    expect(() => compose(files)).toThrow('Lua files a/one-name and b/one-name have the same local name one_name');
  });

  test('passes on the error of a file that cannot be read', () => {
    expect(() => compose({ main: '-- @include missing' })).toThrow('no file missing');
  });

  test('refuses an included file without a value', () => {
    expect(() => compose({ main: '-- @include a', a: 'local b = 1' })).toThrow('Lua file a returns nothing');
  });
});
