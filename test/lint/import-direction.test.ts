import { execa } from 'execa';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-lint-'));
  await cp(path.join(ROOT, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Lints a file of one import, as if it stood at this place of the workspace. */
async function lint(file: string, imported: string): Promise<string> {
  const target = path.join(folder, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, `export { thing } from '${imported}';\n`);
  const { stdout } = await execa(path.join(ROOT, 'node_modules/.bin/oxlint'), [file], { cwd: folder, reject: false });
  return stdout;
}

test.each([
  ['packages/core/src/x.ts', '@nightcrier/state/redis/keys'],
  ['packages/core/src/x.ts', '@nightcrier/runtime/process/logger'],
  ['packages/state/src/x.ts', '@nightcrier/runtime/process/logger'],
  ['packages/cluster/src/mcp/x.ts', '@nightcrier/state/redis/keys'],
  ['packages/runtime/src/x.ts', '@nightcrier/cluster/mcp/session/session'],
  ['packages/simulator/src/x.ts', '@nightcrier/state/redis/keys'],
  ['apps/api/src/x.ts', '@nightcrier/ingester/intake'],
  ['apps/cli/src/x.ts', '@nightcrier/simulator/simulated-cluster'],
  ['apps/cli/src/commands/x.ts', '../../../../packages/state/src/redis/keys.ts'],
])('%s may not import %s', async (file, imported) => {
  expect(await lint(file, imported)).toContain('no-restricted-imports');
});

test.each([
  ['packages/state/src/x.ts', '@nightcrier/core/faults/fault'],
  ['apps/ingester/src/x.ts', '@nightcrier/cluster/mcp/session/session'],
  ['apps/api/src/x.ts', '@nightcrier/state/redis/keys'],
  ['apps/api/test/x.test.ts', '@nightcrier/simulator/simulated-cluster'],
])('%s may import %s', async (file, imported) => {
  expect(await lint(file, imported)).not.toContain('no-restricted-imports');
});
