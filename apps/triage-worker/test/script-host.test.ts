import { execa } from 'execa';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ScriptHost } from '../src/agent/run/script-host.ts';

const SECOND = 1_000;

async function prepare(body: string, beginning = '#!/bin/bash') {
  const directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-script-host-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const host = new ScriptHost(SECOND);
  onTestFinished(() => host.stop());
  const script = path.join(directory, 'script.sh');
  await writeFile(script, `${beginning}\necho $PPID >parent\necho $$ >pid\n${body}\n`, { mode: 0o755 });
  const inside = (name: string): string => path.join(directory, name);
  const hosted = {
    script,
    arguments: ['one', 'two words'],
    environment: { PATH: process.env.PATH ?? '', ONLY: 'this' },
    directory,
    stdout: inside('out'),
    stderr: inside('err'),
    timeout: 60 * SECOND,
  };
  const isThere = (name: string): Promise<void> =>
    expect.poll(() => readFile(inside(name), 'utf8').catch(() => '')).not.toBe('');
  /** Waits for a file and returns its content. */
  const reads = async (name: string): Promise<string> => {
    await isThere(name);
    return (await readFile(inside(name), 'utf8')).trim();
  };
  const run = (changes = {}, signal = new AbortController().signal, ready = Promise.resolve()) =>
    host.run({ ...hosted, ...changes }, ready, signal);
  return { host, run, reads, isThere };
}

it('runs a script with its arguments and environment, and returns its exit code', async () => {
  const { run, reads } = await prepare('echo "$2 $ONLY"; env >variables; echo bad >&2; exit 3');
  expect(await run()).toMatchObject({ exitCode: 3, timedOut: false, isCanceled: false });
  expect(await reads('out')).toBe('two words this');
  expect(await reads('err')).toBe('bad');
  expect(await reads('variables')).not.toMatch(/VITEST|NODE_CHANNEL/);
});

it('passes arguments and variables on unchanged that a shell would expand', async () => {
  const odd = `it's "quoted" $HOME \`id\` \\ ; & | > * \n two\tlines`;
  const { run, reads } = await prepare('printf %s "$1" >argument; printf %s "$ODD" >variable; pwd >where');
  const environment = { PATH: process.env.PATH ?? '', ODD: odd };
  expect(await run({ arguments: [odd], environment })).toMatchObject({ exitCode: 0 });
  expect(await reads('argument')).toBe(odd);
  expect(await reads('variable')).toBe(odd);
});

it('sends a script a line when it is ready, and counts its deadline from then on', async () => {
  const { run, reads, isThere } = await prepare(
    'echo >waiting; read -r word; echo "$word" >told; sleep 0.7; echo >done',
  );
  const ready = Promise.withResolvers<void>();
  const running = run({ timeout: SECOND }, undefined, ready.promise);
  await isThere('waiting');
  await sleep(500);
  ready.resolve();
  expect(await running).toMatchObject({ exitCode: 0, timedOut: false });
  expect(await reads('told')).toBe('ready');
});

it('stops a script whose input failed', async () => {
  const { run, isThere } = await prepare('echo >waiting; read -r word; echo >told');
  const ready = Promise.withResolvers<void>();
  const running = run({}, undefined, ready.promise);
  await isThere('waiting');
  ready.reject(new Error('the cluster is unreachable'));
  expect(await running).toMatchObject({ isCanceled: true, signal: 'SIGTERM' });
});

it('runs the next script when its pre-started shell was killed', async () => {
  const { run, reads } = await prepare('exit 0');
  await run();
  const parent = await reads('parent');
  const waiting = await vi.waitFor(async () => (await execa('pgrep', ['-P', parent, '-x', 'sh'])).stdout);
  process.kill(Number(waiting), 'SIGKILL');
  await vi.waitFor(() => expect(() => process.kill(Number(waiting), 0)).toThrow('ESRCH'));
  expect(await run()).toMatchObject({ exitCode: 0 });
});

it.each(['#!/usr/bin/env bash', '#!/usr/bin/env -S bash -e', '#!/bin/bash -e', ':'])(
  'runs a script that begins with %j under the name that it has',
  async (beginning) => {
    const { run, reads } = await prepare('echo "${0##*/} $1" >said', beginning);
    expect(await run()).toMatchObject({ exitCode: 0 });
    expect(await reads('said')).toBe('script.sh one');
  },
);

it('reports why a script cannot be started', async () => {
  const { run } = await prepare('');
  expect(await run({ script: '/nowhere/script.sh' })).toMatchObject({ code: 'ENOENT' });
  expect(await run({ script: '/etc/passwd' })).toMatchObject({ code: 'EACCES' });
  expect(await run({ script: '/etc' })).toMatchObject({ code: 'EISDIR' });
  expect(await run()).toMatchObject({ exitCode: 0 });
});

const STUBBORN = 'trap "" TERM; echo >ready; while :; do sleep 0.1; done';

it('reports which file cannot be written, and runs the next script', async () => {
  const { run } = await prepare('');
  await expect(run({ stderr: '/nowhere/err' })).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  expect(await run()).toMatchObject({ exitCode: 0 });
});

it('stops a script at its deadline, with SIGKILL if it ignores SIGTERM', async () => {
  const { run } = await prepare(STUBBORN);
  expect(await run({ timeout: 500 })).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
});

it('stops a script that is aborted, with SIGKILL if it ignores SIGTERM', async () => {
  const { run, isThere } = await prepare(STUBBORN);
  const abort = new AbortController();
  const running = run({}, abort.signal);
  await isThere('ready');
  abort.abort();
  expect(await running).toMatchObject({ isCanceled: true, signal: 'SIGKILL' });
});

it('leaves scripts running when its process is killed, rejects their runs, and starts the next one in a new process', async () => {
  const { run, reads } = await prepare('until [[ -e go ]]; do sleep 0.05; done; echo done');
  const running = run();
  const parent = Number(await reads('parent'));
  process.kill(parent, 'SIGKILL');
  await expect(running).rejects.toThrow('the script host process exited (SIGKILL)');
  const { stdout } = await execa('ps', ['-o', 'stat=', '-p', await reads('pid')]);
  expect(stdout).toMatch(/^S/);

  expect(await run({ script: '/bin/touch', arguments: ['go'] })).toMatchObject({ exitCode: 0 });
  expect(await reads('out')).toBe('done');
});

it('exits with the worker, and the scripts run on', async () => {
  const { host, run, reads } = await prepare('until [[ -e go ]]; do sleep 0.05; done; echo done');
  const running = run().catch(String);
  const parent = Number(await reads('parent'));
  await host.stop();
  expect(await running).toContain('exit code 0');
  expect(() => process.kill(parent, 0)).toThrow('ESRCH');
  expect(await run({ script: '/bin/touch', arguments: ['go'] })).toMatchObject({ exitCode: 0 });
  expect(await reads('out')).toBe('done');
});
