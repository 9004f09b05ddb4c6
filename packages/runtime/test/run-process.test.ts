import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KUBECONFIG } from './kubeconfig.ts';

const app = path.join(import.meta.dirname, 'app.fixture.ts');
const environment: Record<string, string> = { PATH: process.env.PATH ?? '', MCP_ENDPOINT: 'http://127.0.0.1:1' };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-process-'));
  environment.KUBECONFIG = path.join(folder, 'kubeconfig');
  await writeFile(environment.KUBECONFIG, KUBECONFIG);
});
afterAll(() => rm(folder, { recursive: true }));
const started: ChildProcess[] = [];
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

const start = async (extra: Record<string, string> = {}): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [app], {
    env: { ...environment, ...extra },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  started.push(child);
  await once(child, 'message');
  return child;
};
const exitOf = async (child: ChildProcess): Promise<unknown> => (await once(child, 'exit'))[0];

describe('runProcess', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stops and exits 0 on %s', async (signal) => {
    const child = await start();
    child.kill(signal);
    expect(await exitOf(child)).toBe(0);
  });

  test('exits at once on a second signal, and logs it', async () => {
    const child = await start({ SLOW_STOP_MS: '60000' });
    let log = '';
    child.stderr?.on('data', (chunk) => (log += String(chunk)));
    child.kill('SIGTERM');
    await expect.poll(() => log).toContain('stopping');
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(1);
    await expect.poll(() => log).toContain('second signal received');
  });

  test('updates its heartbeat file while it runs', async () => {
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'heartbeat-')), 'heartbeat');
    onTestFinished(() => rm(path.dirname(file), { recursive: true }));
    await start({ NIGHTCRIER_HEARTBEAT_FILE: file });
    const modified = async (): Promise<number> => (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
    await expect.poll(modified).toBeGreaterThan(0);
    const first = await modified();
    await expect.poll(modified).toBeGreaterThan(first);
  });

  test('applies another log_level on SIGHUP', async () => {
    const file = path.join(folder, 'nightcrier.yaml');
    const clusters = 'mcp_endpoint: http://127.0.0.1:1\n';
    await writeFile(file, `${clusters}log_level: error\n`);
    const child = await start({ NIGHTCRIER_CONFIG: file, MCP_ENDPOINT: '' });
    let log = '';
    child.stderr?.on('data', (chunk) => (log += String(chunk)));
    await writeFile(file, `${clusters}log_level: info\n`);
    child.kill('SIGHUP');
    await expect.poll(() => log, { timeout: 30_000 }).toContain('"settings":["log_level"]');
  });

  const run = async (...words: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [app, ...words], { env: environment }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });

  test('prints the problems of the configuration and exits 78', async () => {
    expect(await run('--spool-max-bytes', 'x')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('flag --spool-max-bytes: spool_max_bytes'),
    });
  });

  test('answers a misspelt flag with one line and a hint', async () => {
    const { code, stderr } = await run('--spool-max-byte', '3');
    expect([code, stderr]).toEqual([
      64,
      "error: unknown option '--spool-max-byte' (Did you mean --spool-max-bytes?)\n",
    ]);
  });

  test('shows the settings of its process, with unit, default and environment name', async () => {
    const { stdout } = await run('--help-all');
    expect(stdout).toMatch(/\nStorage:\n(.|\n)*--spool-max-bytes <number>\n +Maximum size of the spool/);
    expect(stdout).toContain('[default: 1073741824] [unit: bytes] [env: NIGHTCRIER_SPOOL_MAX_BYTES]\n');
    expect(stdout).not.toContain('--agent-timeout');
  });
});
