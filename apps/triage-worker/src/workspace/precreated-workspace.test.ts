import { access, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PrecreatedWorkspace } from './precreated-workspace.ts';
import { makeWorkspace } from './workspace.ts';

let root: string;
let pool: PrecreatedWorkspace;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'spare-'));
  pool = new PrecreatedWorkspace();
});
afterEach(async () => {
  await pool.stop();
  await rm(root, { recursive: true, force: true });
});

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

it('becomes the workspace of an incident, complete and accessible to the worker alone', async () => {
  await pool.start(root);
  const workspace = makeWorkspace(root, 'one', { pool });
  expect(await readdir(root)).toEqual(['one']);
  expect(await modeOf(workspace.directory)).toBe(0o700);
  for (const part of [workspace.evidence, workspace.output, workspace.logs]) expect(await modeOf(part)).toBe(0o700);
  expect(await modeOf(path.join(workspace.logs, 'script-stderr.log'))).toBe(0o600);
  await expect(access(path.join(workspace.directory, 'incident.json'))).rejects.toThrow('ENOENT');
});

it('is created again after it was taken', async () => {
  await pool.start(root);
  makeWorkspace(root, 'one', { pool });
  await vi.waitFor(async () => expect((await readdir(root)).some((name) => name.startsWith('.spare-'))).toBe(true));
  makeWorkspace(root, 'two', { pool });
  expect(await readdir(root)).toEqual(expect.arrayContaining(['one', 'two']));
});

it('does not replace the workspace of an earlier attempt', async () => {
  const first = makeWorkspace(root, 'one');
  await writeFile(path.join(first.output, 'investigation.md'), 'the first');
  await pool.start(root);
  makeWorkspace(root, 'one', { pool });
  expect(await readdir(path.join(first.directory, 'attempts/1/output'))).toEqual(['investigation.md']);
  expect(await readdir(first.output)).toEqual([]);
});

it('is optional: without one, or with one of another root, a workspace is created on demand', async () => {
  const other = path.join(root, 'other');
  await pool.start(other);
  for (const id of ['one', 'two']) {
    const { logs } = makeWorkspace(root, id, { pool });
    expect(await modeOf(logs)).toBe(0o700);
  }
  await vi.waitFor(async () => expect(await readdir(other)).toEqual([]));
});

it('may be removed, or impossible to create', async () => {
  await pool.start(root);
  const [name = ''] = await readdir(root);
  await rename(path.join(root, name), path.join(root, 'elsewhere'));
  expect(await modeOf(makeWorkspace(root, 'one', { pool }).output)).toBe(0o700);

  const file = path.join(root, 'file');
  await writeFile(file, '');
  await expect(new PrecreatedWorkspace().start(file)).resolves.toBeUndefined();
});

it('is removed when it is stopped', async () => {
  await pool.start(root);
  await pool.stop();
  expect(await readdir(root)).toEqual([]);
});
