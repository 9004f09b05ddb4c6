import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { YamlSource } from './yaml-source.ts';

const source = (text: string, environment = {}) => new YamlSource('f.yaml', text, environment);

describe('YamlSource', () => {
  const merged = source(
    [
      'defaults: &defaults',
      '  environment: production',
      '  triage: { enabled: true }',
      'clusters:',
      '  - <<: *defaults',
      '    name: west',
      '  - <<: [*defaults, { labels: { a: b } }]',
      '    environment: staging',
      'again: *defaults',
    ].join('\n'),
  );

  test('applies merge keys', () => {
    expect(merged.problems).toEqual([]);
    expect(merged.values()).toMatchObject({
      clusters: [
        { environment: 'production', triage: { enabled: true }, name: 'west' },
        { environment: 'staging', triage: { enabled: true }, labels: { a: 'b' } },
      ],
    });
  });

  test.each([
    [['clusters', 0, 'name'], 'f.yaml:6:5:'],
    [['clusters', 0, 'environment'], 'f.yaml:2:3:'],
    [['clusters', 0, 'triage', 'enabled'], 'f.yaml:3:13:'],
    [['clusters', 1, 'environment'], 'f.yaml:8:5:'],
    [['clusters', 1, 'labels', 'a'], 'f.yaml:7:33:'],
    [['again', 'environment'], 'f.yaml:2:3:'],
    [['clusters', 0, 'missing'], 'f.yaml:5:5:'],
    [['clusters', 7], 'f.yaml:4:1:'],
  ])('locates %j where it is written', (path, location) => {
    expect(merged.locate(path)).toBe(location);
  });

  test('locates a variable that is not set, in any kind of scalar', () => {
    expect(source('a: |\n  text\n  ${NONE}\nb: "${NONE}"\nc: [x, "${NONE}"]').problems).toEqual([
      expect.stringMatching(/^f\.yaml:1:4: environment variable NONE/),
      expect.stringMatching(/^f\.yaml:4:4: environment variable NONE/),
      expect.stringMatching(/^f\.yaml:5:8: environment variable NONE/),
    ]);
  });

  test.each([
    ['aliases that expand without end', 'a: &a [x, x]\nb: &b [*a, *a]\n' + 'c: [*b, *b, *b, *b, *b, *b]\n'.repeat(1)],
    ['an alias of itself', 'a: &a\n  b: *a\n'],
    ['an alias of nothing', 'a: *nothing'],
    ['a tag of somebody', 'a: !!js/function "x"'],
  ])('reports or reads %s, and never throws', (_, text) => {
    const parsed = source(text);
    expect(() => JSON.stringify(parsed.values())).not.toThrow();
    expect(parsed.problems.every((problem) => /^f\.yaml:\d+:\d+: ./.test(problem))).toBe(true);
  });

  test.each([
    ['an alias of itself', 'a: &a\n  b: *a\n', 'f.yaml:2:6: alias *a is within its own anchor &a'],
    ['a list of itself', 'a: &a [x, *a]', 'f.yaml:1:11: alias *a is within its own anchor &a'],
    ['a merge of itself', 'a: &a\n  <<: *a\n', 'f.yaml:2:7: alias *a is within its own anchor &a'],
    ['an alias of nothing', 'a: *b\nb: &b x', 'f.yaml:1:4: alias *b has no anchor &b before it'],
    ['a name that no object keeps', 'labels: {a: b, __proto__: c}', 'f.yaml:1:16: a key cannot be named __proto__'],
    ['several documents', 'a: 1\n---\na: 2', 'f.yaml:2:1: a second document begins here'],
  ])('locates %s', (_, text, problem) => {
    expect(source(text).problems).toEqual([expect.stringContaining(problem)]);
  });

  test('an anchor that is set again within its former value is no alias of itself', () => {
    expect(source('a: &a {b: &a 1, c: *a}').values()).toEqual({ a: { b: 1, c: 1 } });
  });

  test('reads any text without throwing; each problem has a location', () => {
    const yamlish = fc.string({
      unit: fc.constantFrom('a', ':', ' ', '\n', '-', '&', '*', '<', '[', '{', ']', '}', '"', '$', '!', '|'),
    });
    fc.assert(
      fc.property(fc.oneof(yamlish, fc.string()), (text) => {
        const parsed = source(text);
        expect(() => JSON.stringify(parsed.values())).not.toThrow();
        expect(parsed.problems.filter((problem) => !/^f\.yaml:\d+:\d+: /.test(problem))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('reads what was written, with every $ doubled', () => {
    const doubled = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('$', '$$$$'));
    const keys = fc.string({ unit: fc.constantFrom('a', 'b', '_', '.') });
    fc.assert(
      fc.property(fc.dictionary(keys, fc.oneof(fc.string(), fc.integer(), fc.boolean())), (value) => {
        expect(source(stringify(doubled(value))).values() ?? {}).toEqual(value);
      }),
    );
  });
});
