import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IMPORT_RULES } from '../../checks/structure/import-rules.ts';
import { importsOf, type SourceFile } from '../../checks/structure/source-file.ts';
import { folderSizeViolations, importViolations } from '../../checks/structure/violations.ts';

const ROOT = path.join(import.meta.dirname, '../..');

describe('imports between packages', () => {
  const violations = (owner: string, imported: string) => {
    const layer = IMPORT_RULES.layers[owner]?.find((entry) => entry.endsWith('.ts')) ?? 'main.ts';
    const files = [{ owner, file: layer, imports: [imported] }];
    return importViolations(files, { ...IMPORT_RULES, layers: { [owner]: [layer] }, exceptions: [] });
  };

  test.each([
    ['core', '@nightcrier/state/redis/keys'],
    ['core', '@nightcrier/runtime/process/logger'],
    ['state', '@nightcrier/runtime/process/logger'],
    ['cluster', '@nightcrier/state/redis/keys'],
    ['runtime', '@nightcrier/cluster/mcp/session/session'],
    ['simulator', '@nightcrier/state/redis/keys'],
    ['api', '@nightcrier/ingester/intake'],
    ['gateway', '@nightcrier/simulator/simulated-cluster'],
    ['cli', '../../../packages/state/src/redis/keys.ts'],
  ])('%s may not import %s', (owner, imported) => {
    expect(violations(owner, imported)).toHaveLength(1);
  });

  test.each([
    ['state', '@nightcrier/core/faults/fault'],
    ['ingester', '@nightcrier/cluster/mcp/session/session'],
    ['api', '@nightcrier/state/redis/keys'],
    ['api', 'node:path'],
  ])('%s may import %s', (owner, imported) => {
    expect(violations(owner, imported)).toEqual([]);
  });
});

describe('imports between folders', () => {
  const rules = { packages: {}, layers: { x: ['main.ts', 'queue', 'queue/store', 'redis'] }, exceptions: [] };
  const check = (file: string, imported: string, exceptions: string[] = []) => {
    const files: SourceFile[] = [
      ...rules.layers.x.map((layer) => ({
        owner: 'x',
        file: layer.endsWith('.ts') ? layer : `${layer}/a.ts`,
        imports: [],
      })),
      { owner: 'x', file, imports: [imported] },
    ];
    return importViolations(files, { ...rules, exceptions });
  };

  test('a file imports from its own folder and from the folders below', () => {
    expect(check('queue/claim.ts', './deep/settle.ts')).toEqual([]);
    expect(check('queue/claim.ts', './store/rows.ts')).toEqual([]);
    expect(check('queue/deep/claim.ts', '../../redis/keys.ts')).toEqual([]);
  });

  test('an upward import is refused, from a nested folder to its parent too', () => {
    expect(check('redis/keys.ts', '../queue/claim.ts')).toEqual([
      'x/src/redis/keys.ts: upward import of queue/claim.ts: redis is below queue',
    ]);
    expect(check('queue/store/rows.ts', '../claim.ts')).toHaveLength(1);
    expect(check('queue/claim.ts', '../main.ts')).toHaveLength(1);
  });

  test('an exception allows one direction, and is refused once no import needs it', () => {
    expect(check('redis/keys.ts', '../queue/claim.ts', ['x: redis -> queue'])).toEqual([]);
    expect(check('redis/keys.ts', './other.ts', ['x: redis -> queue'])).toEqual([
      'exception "x: redis -> queue" is no longer needed',
    ]);
  });

  test('a folder without a layer and a layer without files are refused', () => {
    expect(check('spool/a.ts', './b.ts')).toHaveLength(1);
    expect(importViolations([{ owner: 'x', file: 'main.ts', imports: [] }], rules)).toHaveLength(3);
  });
});

test('type-only imports, re-exports and dynamic imports count as imports', () => {
  const source = `import type { A } from './a.ts'; export { b } from './b.ts'; export type * from './c.ts'; await import('./d.ts');`;
  expect(importsOf('x.ts', source).toSorted()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts']);
});

test('a folder with more than 16 files of its own is refused', () => {
  const folder = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ owner: 'x', file: `queue/f${index}.ts`, imports: [] }));
  expect(folderSizeViolations(folder(16))).toEqual([]);
  expect(folderSizeViolations([...folder(17), { owner: 'x', file: 'queue/store/a.ts', imports: [] }])).toEqual([
    'x/src/queue: 17 files, at most 16; split it by subject',
  ]);
});

describe('lint', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-lint-'));
    await mkdir(path.join(folder, 'apps/x/src'), { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a circle of type-only imports is an error', async () => {
    await writeFile(path.join(folder, 'apps/x/src/a.ts'), "import type { B } from './b.ts';\nexport type A = B[];\n");
    await writeFile(path.join(folder, 'apps/x/src/b.ts'), "import type { A } from './a.ts';\nexport type B = A | 1;\n");
    const { stdout, exitCode } = await execa(
      path.join(ROOT, 'node_modules/.bin/oxlint'),
      ['--config', path.join(ROOT, '.oxlintrc.json'), 'apps'],
      { cwd: folder, reject: false },
    );
    expect(stdout).toContain('no-cycle');
    expect(exitCode).toBe(1);
  });
});
