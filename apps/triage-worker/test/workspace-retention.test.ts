import { access, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { sweepWorkspaces } from '../src/workspace/sweep-workspaces.ts';
import { harness } from './file-harness.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const DAY = 24 * 3_600_000;

let root: string;
beforeEach(async () => {
  root = path.join(harness.folder, 'incidents');
  await mkdir(root);
});

/** Creates a workspace whose last attempt was so many days ago. */
async function makeWorkspace(id: string, days: number): Promise<void> {
  const file = path.join(root, id, 'incident.json');
  await mkdir(path.join(root, id, 'output'), { recursive: true });
  await writeFile(file, '{}');
  const at = new Date(NOW - days * DAY);
  await utimes(file, at, at);
}

function sweep({ days = 30, count = 1000, signal = new AbortController().signal } = {}): Promise<string[]> {
  const { incidents, logger } = harness;
  return sweepWorkspaces({ root, days, count, incidents, logger, now: () => NOW, signal });
}

const left = async (): Promise<string[]> => (await readdir(root)).toSorted();

it('removes workspaces older than the days, and no younger ones', async () => {
  await makeWorkspace('old', 31);
  await makeWorkspace('young', 29);
  expect(await sweep()).toEqual(['old']);
  expect(await left()).toEqual(['young']);
});

it('removes the oldest workspaces beyond the count', async () => {
  for (const days of [1, 4, 2, 3]) await makeWorkspace(`w${days}`, days);
  expect(await sweep({ count: 2 })).toEqual(['w4', 'w3']);
  expect(await left()).toEqual(['w1', 'w2']);
});

it('removes workspaces that an earlier version created ahead, once they are a day old', async () => {
  for (const [name, days] of [
    ['.spare-old', 1.1],
    ['.spare-new', 0],
  ] as const) {
    const directory = path.join(root, name);
    await mkdir(path.join(directory, 'logs'), { recursive: true });
    const time = new Date(NOW - days * DAY);
    await utimes(directory, time, time);
  }
  expect(await sweep()).toEqual([]);
  expect(await left()).toEqual(['.spare-new']);
});

it('keeps all workspaces when both limits are 0', async () => {
  await makeWorkspace('old', 3000);
  expect(await sweep({ days: 0, count: 0 })).toEqual([]);
});

it('never removes the workspace of an open incident, or of one whose row is unreadable', async () => {
  const [waits, runs, ended, corrupt] = [
    await harness.admit(),
    await harness.admit(),
    await harness.admit(),
    await harness.admit(),
  ];
  await harness.incidents.begin(runs);
  await harness.incidents.begin(ended);
  await harness.incidents.finish(ended, { state: 'failed' });
  await harness.corrupt(corrupt);
  for (const id of [waits, runs, ended, corrupt]) await makeWorkspace(id, 99);
  expect(await sweep({ count: 1 })).toEqual([ended]);
  expect(await left()).toEqual([waits, runs, corrupt].toSorted());
});

it('removes only workspaces', async () => {
  await mkdir(path.join(root, 'somebody-elses-folder'));
  await writeFile(path.join(root, 'notes.txt'), 'x');
  const elsewhere = path.join(harness.folder, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(path.join(elsewhere, 'incident.json'), '{}');
  await utimes(path.join(elsewhere, 'incident.json'), 0, 0);
  await symlink(elsewhere, path.join(root, 'link'));
  expect(await sweep({ count: 1 })).toEqual([]);
  expect(await left()).toEqual(['link', 'notes.txt', 'somebody-elses-folder']);
});

it('follows no symbolic link out of a workspace', async () => {
  const elsewhere = path.join(harness.folder, 'precious');
  await mkdir(elsewhere);
  await writeFile(path.join(elsewhere, 'file'), 'x');
  await makeWorkspace('old', 99);
  await symlink(elsewhere, path.join(root, 'old/output/link'));
  expect(await sweep()).toEqual(['old']);
  await access(path.join(elsewhere, 'file'));
});

it('removes each workspace once when workers sweep concurrently', async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `old-${index}`);
  for (const id of ids) await makeWorkspace(id, 99);
  const removed = await Promise.all([sweep(), sweep(), sweep()]);
  expect(removed.flat().toSorted()).toEqual(ids.toSorted());
  expect(await left()).toEqual([]);
});

it('finishes the removal of a worker that died', async () => {
  await mkdir(path.join(root, '.removing-x/output'), { recursive: true });
  await sweep();
  expect(await left()).toEqual([]);
});

it('accepts a missing workspace_root', async () => {
  root = path.join(root, 'not-there-yet');
  expect(await sweep()).toEqual([]);
});

it('runs at the start of a worker, with its settings', async () => {
  await makeWorkspace('old', 99);
  await makeWorkspace('older', 100);
  await harness.startWorker(harness.config({ workspace_retention_days: 0, workspace_retention_count: 1 }));
  await expect.poll(left).toEqual(['old']);
});
