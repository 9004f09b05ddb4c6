import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { readVersion } from '../src/commands/version.ts';

const nightcrier = async (environment: Record<string, string>, ...words: string[]): Promise<string> => {
  const env = { PATH: process.env.PATH, ...environment };
  const cli = path.join(import.meta.dirname, '../src/main.ts');
  return (await execa(process.execPath, [cli, ...words], { env, extendEnv: false })).stdout;
};

describe('nightcrier version', () => {
  test('prints the version of the root package.json, the commit of the image and the Node.js version', async () => {
    const environment = { NIGHTCRIER_REVISION: '0123abc' };
    const expected = { version: manifest.version, commit: '0123abc', node: process.version };
    expect(JSON.parse(await nightcrier(environment, 'version', '-o', 'json'))).toEqual(expected);
    expect(await nightcrier(environment, 'version')).toBe(
      `nightcrier  ${manifest.version}\ncommit      0123abc\nnode        ${process.version}`,
    );
    expect(await nightcrier(environment, '--version')).toBe(
      `${manifest.version} (commit 0123abc, Node.js ${process.version})`,
    );
  });
});

describe('readVersion', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'version-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const git = async (...words: string[]): Promise<string> =>
    (await execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], { cwd: folder })).stdout;

  test('finds the commit of a checkout, and says if its files were changed', async () => {
    await writeFile(path.join(folder, 'file'), 'one');
    await git('init', '--quiet');
    await git('add', 'file');
    await git('commit', '--quiet', '--message', 'one');
    // A tag does not take the commit's place.
    await git('tag', '--annotate', 'v9.9.9', '--message', 'release');
    const commit = await git('rev-parse', '--short=12', 'HEAD');
    expect(readVersion(folder, {}).commit).toBe(commit);
    expect(readVersion(folder, { NIGHTCRIER_REVISION: 'unknown' }).commit).toBe(commit);
    await writeFile(path.join(folder, 'file'), 'two');
    expect(readVersion(folder, {}).commit).toBe(`${commit}-dirty`);
  });

  test('knows no commit outside of a checkout', () => {
    expect(readVersion(folder, { NIGHTCRIER_REVISION: 'unknown' })).toMatchObject({ commit: undefined });
  });
});
