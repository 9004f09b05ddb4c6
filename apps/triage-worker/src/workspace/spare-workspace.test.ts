import { access, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SpareWorkspace } from './spare-workspace.ts';
import { makeWorkspace } from './workspace.ts';

let root: string;
let spare: SpareWorkspace;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'spare-'));
  spare = new SpareWorkspace();
});
afterEach(async () => {
  await spare.stop();
  await rm(root, { recursive: true, force: true });
});

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

it('becomes the workspace of an incident, with everything that the incident needs and nothing that others can read', async () => {
  await spare.start(root);
  const workspace = makeWorkspace(root, 'one', { spare });
  expect(await readdir(root)).toEqual(['one']);
  expect(await modeOf(workspace.directory)).toBe(0o700);
  for (const part of [workspace.evidence, workspace.output, workspace.logs]) expect(await modeOf(part)).toBe(0o700);
  expect(await modeOf(path.join(workspace.logs, 'script-stderr.log'))).toBe(0o600);
  await expect(access(path.join(workspace.directory, 'incident.json'))).rejects.toThrow('ENOENT');
});

it('is made anew when it was taken', async () => {
  await spare.start(root);
  makeWorkspace(root, 'one', { spare });
  await vi.waitFor(async () => expect((await readdir(root)).some((name) => name.startsWith('.spare-'))).toBe(true));
  makeWorkspace(root, 'two', { spare });
  expect(await readdir(root)).toEqual(expect.arrayContaining(['one', 'two']));
});

it('does not take the place of what an earlier attempt left', async () => {
  const first = makeWorkspace(root, 'one');
  await writeFile(path.join(first.output, 'investigation.md'), 'the first');
  await spare.start(root);
  makeWorkspace(root, 'one', { spare });
  expect(await readdir(path.join(first.directory, 'attempts/1/output'))).toEqual(['investigation.md']);
  expect(await readdir(first.output)).toEqual([]);
});

it('is not needed: without one, or with one of another root, a workspace is made', async () => {
  const other = path.join(root, 'other');
  await spare.start(other);
  for (const id of ['one', 'two']) {
    const { logs } = makeWorkspace(root, id, { spare });
    expect(await modeOf(logs)).toBe(0o700);
  }
  await vi.waitFor(async () => expect(await readdir(other)).toEqual([]));
});

it('may be removed, or impossible to make', async () => {
  await spare.start(root);
  const [name = ''] = await readdir(root);
  await rename(path.join(root, name), path.join(root, 'away'));
  expect(await modeOf(makeWorkspace(root, 'one', { spare }).output)).toBe(0o700);

  const file = path.join(root, 'file');
  await writeFile(file, '');
  await expect(new SpareWorkspace().start(file)).resolves.toBeUndefined();
});

it('leaves nothing behind when it is stopped', async () => {
  await spare.start(root);
  await spare.stop();
  expect(await readdir(root)).toEqual([]);
});
