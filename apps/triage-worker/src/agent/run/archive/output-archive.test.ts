import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { extractOutput } from './output-archive.ts';

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-output-'));
  target = path.join(folder, 'output');
  await mkdir(target);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tarOf(entries: (Partial<Header> & { name: string; content?: string })[]): Promise<Readable> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  return Readable.from([await buffer(archive)]);
}

it('takes files and directories, readable by the worker alone, whatever their modes', async () => {
  const { skipped } = await extractOutput(
    await tarOf([
      { name: './', type: 'directory', mode: 0 },
      { name: './investigation.md', content: 'report', mode: 0, uid: 1000 },
      { name: './more/', type: 'directory' },
      { name: './more/data.json', content: '{}', mode: 0o4777 },
    ]),
    target,
  );
  expect(skipped).toEqual(new Map());
  expect(await readFile(path.join(target, 'investigation.md'), 'utf8')).toBe('report');
  expect(await readFile(path.join(target, 'more/data.json'), 'utf8')).toBe('{}');
  expect((await stat(path.join(target, 'more/data.json'))).mode & 0o7777).toBe(0o600);
});

it('skips and names everything that is neither, or that leads elsewhere', async () => {
  await writeFile(path.join(folder, 'outside'), 'untouched');
  const { skipped } = await extractOutput(
    await tarOf([
      { name: './investigation.md', type: 'symlink', linkname: '/etc/passwd' },
      { name: './hard', type: 'link', linkname: '../outside' },
      { name: './pipe', type: 'fifo' },
      { name: './disk', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: '../outside', content: 'changed' },
      { name: '/tmp/nightcrier-absolute', content: 'changed' },
      { name: `./${'deep/'.repeat(20)}file`, content: 'x' },
      { name: './good', content: 'good' },
    ]),
    target,
  );
  expect(await readdir(target)).toEqual(['good']);
  expect(await readFile(path.join(folder, 'outside'), 'utf8')).toBe('untouched');
  expect(skipped.get('investigation.md')).toBe('is a symbolic link');
  expect(skipped.get('pipe')).toBe('is not a regular file');
  expect(skipped.size).toBe(7);
});

it('does not write through a link that an earlier entry made', async () => {
  await extractOutput(
    await tarOf([
      { name: './way', type: 'symlink', linkname: folder },
      { name: './way/escaped', content: 'x' },
    ]),
    target,
  );
  expect((await readdir(folder)).toSorted()).toEqual(['output']);
});

it('takes no more than 4,096 entries', async () => {
  const { skipped } = await extractOutput(
    await tarOf(Array.from({ length: 5_000 }, (_, index) => ({ name: `./f${index}` }))),
    target,
  );
  expect(await readdir(target)).toHaveLength(4_096);
  expect([...skipped.values()]).toEqual(['more than 4096 entries']);
});

it('takes no file beyond 64 MiB in total', async () => {
  const mebibytes = (count: number): string => 'x'.repeat(count * 1024 * 1024);
  const { skipped } = await extractOutput(
    await tarOf([
      { name: './a', content: mebibytes(32) },
      { name: './b', content: mebibytes(33) },
      { name: './c', content: mebibytes(31) },
    ]),
    target,
  );
  expect(await readdir(target)).toEqual(['a', 'c']);
  expect([...skipped]).toEqual([['b', 'is beyond 64 MiB in total']]);
});

it('replaces what an earlier copy left', async () => {
  await writeFile(path.join(target, 'investigation.md'), 'half');
  await extractOutput(await tarOf([{ name: './investigation.md', content: 'whole' }]), target);
  expect(await readFile(path.join(target, 'investigation.md'), 'utf8')).toBe('whole');
});

it('rejects an archive that breaks off', async () => {
  const whole = Buffer.concat(await (await tarOf([{ name: './a', content: 'x'.repeat(5_000) }])).toArray());
  await expect(extractOutput(Readable.from([whole.subarray(0, 2_000)]), target)).rejects.toThrow(
    'Stream was destroyed',
  );
});
