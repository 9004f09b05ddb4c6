import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const MODULE = path.join(import.meta.dirname, '../src/process/compile-cache.ts');
const PROCESS = path.join(import.meta.dirname, 'app.fixture.ts');

const PROGRAM = `
  import { getCompileCacheDir } from 'node:module';
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const { keepCompiledCode } = await import(process.argv[1]);
  keepCompiledCode(process.env);
  const code = \`
    import { getCompileCacheDir } from 'node:module';
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage(getCompileCacheDir());
  \`;
  const [thread] = await once(new Worker(code, { eval: true }), 'message');
  console.log(JSON.stringify({ process: getCompileCacheDir(), thread }));
`;

/** Returns where a program and its thread keep compiled code. */
async function directories(environment: NodeJS.ProcessEnv): Promise<unknown> {
  const words = ['--input-type=module', '-e', PROGRAM, MODULE];
  const { stdout } = await promisify(execFile)(process.execPath, words, { env: environment });
  return JSON.parse(stdout);
}

test('a process and its threads keep compiled code in the directory that the environment names', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-cache-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await directories({ NODE_COMPILE_CACHE: folder })).toEqual({
    process: expect.stringContaining(folder),
    thread: expect.stringContaining(folder),
  });
});

test('a program that has printed its help starts without the compiler that strips types', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-cache-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const watch = "process.on('exit', () => console.error(process.moduleLoadList.some((one) => one.includes('amaro'))))";
  const words = ['--import', `data:text/javascript,${encodeURIComponent(watch)}`, PROCESS, '--help'];
  const loadsCompiler = async (): Promise<string> =>
    (await promisify(execFile)(process.execPath, words, { env: { NODE_COMPILE_CACHE: folder } })).stderr.trim();
  expect(await loadsCompiler()).toBe('true');
  expect(await loadsCompiler()).toBe('false');
});

test('without one, they keep it in the installation', async () => {
  const installation = path.resolve(import.meta.dirname, '../../../node_modules/.cache/nightcrier');
  expect(await directories({})).toEqual({
    process: expect.stringContaining(installation),
    thread: expect.stringContaining(installation),
  });
});
