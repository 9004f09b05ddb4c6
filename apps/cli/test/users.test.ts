import { Secret } from '@nightcrier/core/settings/secret';
import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, openReadyApi } from '../../api/test/api-under-test.ts';

let server: RedisServer;
let api: ApiUnderTest;
const ACCESS_KEY = 'correct horse battery staple';
beforeAll(async () => {
  server = await startRedisServer();
  api = await openReadyApi(server.url, { accessKey: new Secret(ACCESS_KEY) });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

const cli = path.join(import.meta.dirname, '../src/main.ts');
const environment = () => ({
  env: { PATH: process.env.PATH, NIGHTCRIER_API_URL: api.url, NIGHTCRIER_API_ACCESS_KEY: ACCESS_KEY },
  extendEnv: false,
  reject: false as const,
});
const nightcrier = (input: string, ...args: string[]) =>
  execa(process.execPath, [cli, ...args], { ...environment(), input });

test('users are added with a password of a file or of standard input, listed, changed and removed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-user-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'password');
  await writeFile(file, 'a password of alice\n');
  const added = await nightcrier('', 'user', 'add', 'alice', '--role', 'operator', '--password-file', file);
  expect(added).toMatchObject({ exitCode: 0, stdout: 'user alice (operator) added' });
  expect(await api.state.users.find('alice', 'a password of alice')).toMatchObject({ role: 'operator' });
  expect((await nightcrier('', 'user', 'list')).stdout).toMatch(/alice +operator .* access key/);
  const again = await nightcrier('another password\n', 'user', 'add', 'alice', '--password-file', '-');
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('there is a user named "alice"') });

  const { session } = await api.state.sessions.open({ method: 'user', name: 'alice' }, { idle: 60, lifetime: 60 });
  expect((await nightcrier('', 'session', 'list')).stdout).toMatch(new RegExp(`${session.id} +alice +user `));
  expect((await nightcrier('', 'session', 'revoke', 'alice')).stdout).toBe(`session ${session.id} (alice) revoked`);

  const changed = await nightcrier('a second password\r\n', 'user', 'password', 'alice', '--password-file', '-');
  expect(changed.exitCode).toBe(0);
  expect(await api.state.users.find('alice', 'a second password')).toBeDefined();
  expect((await nightcrier('', 'user', 'remove', 'alice')).exitCode).toBe(0);
  expect((await nightcrier('', 'user', 'list')).stdout).toBe('no users');
});

test('a password is no argument, is long enough, and is asked for on a terminal only', async () => {
  const refused = await nightcrier('', 'user', 'add', 'eve', '--password', 'a password of eve');
  expect(refused).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("unknown option '--password'") });
  expect(await nightcrier('short', 'user', 'add', 'eve', '--password-file', '-')).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('must have at least 12 characters'),
  });
  expect(await nightcrier('', 'user', 'add', 'eve')).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('use --password-file'),
  });
  expect(await api.state.users.get('eve')).toBeUndefined();
});

/** Runs a command on a terminal of its own, and types the answers one after the other, each when it is asked for. */
async function onTerminal(command: string, answers: [prompt: string, answer: string][]) {
  const child = execa('script', ['-qec', command, '/dev/null'], { ...environment(), stdin: 'pipe', all: true });
  let shown = '';
  const waiting = [...answers];
  child.all?.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    const [prompt, answer] = waiting[0] ?? [];
    if (prompt === undefined || !shown.includes(prompt)) return;
    waiting.shift();
    child.stdin?.write(answer);
  });
  const { exitCode } = await child;
  return { exitCode, shown };
}

test('a password that is typed is not shown, and is typed twice', async () => {
  const command = `${process.execPath} ${cli} user add bob`;
  const typed = await onTerminal(command, [
    ['password of bob: ', 'a password of bob\r'],
    ['again: ', 'a password of bob\r'],
  ]);
  expect(typed).toMatchObject({ exitCode: 0, shown: expect.stringContaining('user bob (viewer) added') });
  expect(typed.shown).not.toContain('a password of bob');
  expect(await api.state.users.find('bob', 'a password of bob')).toBeDefined();
  const mistyped = await onTerminal(`${process.execPath} ${cli} user password bob`, [
    ['password of bob: ', 'a new password of bob\r'],
    ['again: ', 'another password of bob\r'],
  ]);
  expect(mistyped).toMatchObject({ exitCode: 64, shown: expect.stringContaining('the two passwords differ') });
  const interrupted = await onTerminal(`${process.execPath} ${cli} user password bob`, [
    ['password of bob: ', '\u0003'],
  ]);
  expect(interrupted).toMatchObject({ exitCode: 64, shown: expect.stringContaining('no password was given') });
  expect(await api.state.users.find('bob', 'a password of bob')).toBeDefined();
});
