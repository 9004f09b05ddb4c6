import { execa } from 'execa';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { recordIncident } from './fixtures/recorded-incident.ts';

const cli = path.join(import.meta.dirname, '../src/main.ts');
const ID = '4f1c2d3e-0000-4000-8000-000000000001';

let folder: string;
const inRoot = (...parts: string[]): string => path.join(folder, 'incidents', ...parts);
const replay = (...args: string[]) =>
  execa(process.execPath, [cli, 'replay', '--config', 'config.yaml', ...args], {
    reject: false,
    cwd: folder,
    env: { PATH: process.env.PATH },
    extendEnv: false,
  });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-replay-'));
  const config = { workspace_root: inRoot(), clusters: [{ name: 'alpha', mcp: { endpoint: 'http://127.0.0.1:1' } }] };
  await writeFile(path.join(folder, 'config.yaml'), JSON.stringify(config));
  await recordIncident(inRoot(), ID);
}, 180_000);
afterAll(() => rm(folder, { recursive: true }));

/** Copies the recorded incident; the copy is gone after the test. */
async function copyAs(id: string): Promise<string> {
  await cp(inRoot(ID), inRoot(id), { recursive: true });
  onTestFinished(() => rm(inRoot(id), { recursive: true }));
  return id;
}

async function contentOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const)),
  );
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

test('the recorded evidence of an incident gives the same cause again, and nothing is written', async () => {
  const before = await contentOf(inRoot(ID));
  const { stdout, stderr, exitCode } = await replay(ID.slice(0, 8), '-o', 'json');
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  const result: { fields: { field: string; outcome: string; now: string }[] } = JSON.parse(stdout);
  expect(result).toMatchObject({ incident_id: ID, cluster_name: 'alpha', outcome: 'same' });
  expect(result.fields.map(({ field, outcome }) => `${field} ${outcome}`)).toEqual([
    'headline same',
    'cause same',
    'culprit same',
    'confidence same',
  ]);
  expect(result.fields[1]?.now).toBe('oom_limit');
  expect(await contentOf(inRoot(ID))).toEqual(before);
});

test('changed evidence gives a different cause, and exit code 1', async () => {
  const id = await copyAs('changed-1');
  for (const file of await readdir(inRoot(id, 'evidence'))) {
    await edit(inRoot(id, 'evidence', file), (text) =>
      text.replaceAll('OOMKilled', 'Error').replaceAll('exitCode: 137', 'exitCode: 1'),
    );
  }
  const { stdout, exitCode } = await replay(id);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^cause +oom_limit +\w+ +different$/m);
  expect(stdout).toContain('different cause');
});

test('the report of an agent without a diagnosis as data is compared by its headline and confidence', async () => {
  const id = await copyAs('agent-1');
  await rm(inRoot(id, 'output/diagnosis.json'));
  const report = '# Cart needs memory\n\n## Root Cause\n\nThe limit is too low.\n\nConfidence: 70%\n';
  await writeFile(inRoot(id, 'output/investigation.md'), report);
  const { stdout, exitCode } = await replay(id);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^headline +Cart needs memory .* different$/m);
  expect(stdout).toMatch(/^cause +– +oom_limit +not recorded$/m);
  expect(stdout).toMatch(/^confidence +70 % .* different$/m);
});

test('evidence that an earlier version recorded is refused', async () => {
  const id = await copyAs('old-1');
  await edit(inRoot(id, 'evidence/index.json'), (text) => {
    const entries: { file?: string; command: string; at: string }[] = JSON.parse(text);
    return JSON.stringify(entries.map(({ file, command, at }) => ({ file, command, at })));
  });
  const { stdout, stderr, exitCode } = await replay(id);
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 66 });
  expect(stderr).toMatch(/old-1\/evidence\/index\.json was written by an earlier version of Nightcrier/);
});

test('an id that is unknown, ambiguous or no id is refused', async () => {
  await copyAs('twin-1');
  await copyAs('twin-2');
  await symlink(inRoot(ID), inRoot('link-1'));
  onTestFinished(() => rm(inRoot('link-1')));
  const [unknown, link, ambiguous, outside] = await Promise.all(
    ['absent', 'link-1', 'twin', '../incidents'].map((id) => replay(id)),
  );
  expect(unknown).toMatchObject({ exitCode: 66, stderr: expect.stringContaining('begins with "absent"') });
  expect(link).toMatchObject({ exitCode: 66 });
  expect(ambiguous).toMatchObject({
    exitCode: 64,
    stderr: expect.stringMatching(/2 incidents begin with "twin": (twin-1, twin-2|twin-2, twin-1);/),
  });
  expect(outside).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('is no incident id') });
});
