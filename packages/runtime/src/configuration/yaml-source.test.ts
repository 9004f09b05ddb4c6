import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { YamlSource } from './yaml-source.ts';

const source = (text: string, environment = {}) => new YamlSource('f.yaml', text, environment);

/** A file whose last alias stands for 2^depth values. */
const multiplied = (depth: number): string =>
  Array.from(
    { length: depth },
    (_, at) => `a${at}: &${names(at)} [${at === 0 ? 'x, x' : `*${names(at - 1)}, *${names(at - 1)}`}]\n`,
  ).join('');
const names = (at: number): string => 'a'.repeat(at + 1);

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
    ['aliases of aliases', multiplied(30), 'f.yaml:18:47: aliases stand for more than 1000000 values'],
    ['a merge of a list', 'a: 1\nb:\n  <<: [1]', 'f.yaml:3:3: a merge key (<<) takes a mapping'],
    ['a password that is an alias to YAML', 'a: *pass9word', 'f.yaml:1:4: alias has no anchor before it'],
    ['a password that is a tag to YAML', 'a: !pass9word', 'f.yaml:1:14: tags are not supported; a value that begins'],
    ['a password that is an anchor to YAML', 'a: &pass9word', 'f.yaml:1:14: an anchor without a value; a value'],
    ['deep nesting', `a: ${'['.repeat(9_000)}${']'.repeat(9_000)}`, 'is nested too deeply'],
  ])('locates %s', (_, text, problem) => {
    expect(source(text).problems).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    ['an alias', '*defaults'],
    ['a merge key', '{<<: *defaults}'],
  ])('a thousand entries share one mapping by %s', (_, shared) => {
    const parsed = source(`x: &defaults {environment: production}\nclusters:\n${`- ${shared}\n`.repeat(1_000)}`);
    expect(parsed.problems).toEqual([]);
    expect(parsed.values()).toMatchObject({
      clusters: Array.from({ length: 1_000 }, () => ({ environment: 'production' })),
    });
  });

  test('knows which values are written in the file', () => {
    const parsed = source('a: &a text\nb: ${NAME}\nc: *a\nd:\n', { NAME: 'x' });
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => parsed.isWritten([key]))).toEqual(['a', 'c']);
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

test('an alias stands for the anchor of its name that is the last one before it, also in merges', () => {
  const text = 'a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}\nd: &x {k: 3}\ne: [*x, *x]\nf: {<<: [*x]}\n';
  expect(new YamlSource('nightcrier.yaml', text, {}).values()).toEqual({
    a: { k: 1 },
    b: { k: 1 },
    c: { k: 1, l: 2 },
    d: { k: 3 },
    e: [{ k: 3 }, { k: 3 }],
    f: { k: 3 },
  });
});
