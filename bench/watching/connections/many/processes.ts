import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../../../..');
/** Clock ticks of /proc for each second. */
const TICKS = 100;

/** As in the image: without it, each process and thread loads the compiler that strips types. */
const COMPILED = { NODE_COMPILE_CACHE: path.join(ROOT, 'node_modules/.cache/nightcrier') };
const PARTS = [
  'apps/ingester/src/app.ts',
  'apps/ingester/src/leases/lease-thread.ts',
  'packages/runtime/src/reload/load-thread.ts',
  'apps/api/src/configured-api.ts',
];
const APPS = ['ingester', 'api'] as const;

/** Keeps compiled code, as the build of the image does. */
export async function compile(): Promise<void> {
  for (const part of PARTS) {
    // The file of a thread fails outside of one, after it was compiled.
    const program = `await import(${JSON.stringify(path.join(ROOT, part))}).catch(() => undefined)`;
    await run(['--input-type=module', '-e', program]);
  }
  // Only a program that runs keeps the code of its first file.
  for (const app of APPS) await run([mainOf(app), '--help']);
}

async function run(words: string[]): Promise<void> {
  await once(spawn(process.execPath, words, { env: { ...process.env, ...COMPILED }, stdio: 'ignore' }), 'exit');
}

function mainOf(app: (typeof APPS)[number]): string {
  return path.join(ROOT, `apps/${app}/src/main.ts`);
}

/** Starts a program of the project. Its log goes to a file. */
export function startApp(app: (typeof APPS)[number], config: string, log: string): ChildProcess {
  const child = spawn(process.execPath, [mainOf(app), '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...COMPILED },
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  return child;
}

/** Runs `nightcrier validate`. @returns seconds */
export async function validate(config: string): Promise<number> {
  const began = performance.now();
  const main = path.join(ROOT, 'apps/cli/src/main.ts');
  const child = spawn(process.execPath, [main, 'validate', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`validate ended with ${String(code)}`);
  return (performance.now() - began) / 1_000;
}

export function startServers(): ChildProcess {
  return fork(path.join(import.meta.dirname, 'servers.ts'));
}

/** Resident memory of a process, MB. */
export async function rssOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** CPU time of a process, seconds. */
export async function cpuOf({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
