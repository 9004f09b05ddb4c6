import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';

const app = path.join(import.meta.dirname, 'app.fixture.ts');
const environment = { PATH: process.env.PATH, MCP_ENDPOINT: 'http://127.0.0.1:1', KUBECONFIG: app };
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

  test('exits at once on a second signal', async () => {
    const child = await start({ SLOW_STOP_MS: '60000' });
    let log = '';
    child.stderr?.on('data', (chunk) => (log += String(chunk)));
    child.kill('SIGTERM');
    await expect.poll(() => log).toContain('stopping');
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(1);
  });

  test('updates its heartbeat file while it runs', async () => {
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'heartbeat-')), 'heartbeat');
    onTestFinished(() => rm(path.dirname(file), { recursive: true }));
    await start({ NIGHTCRIER_HEARTBEAT_FILE: file });
    const first = (await stat(file)).mtimeMs;
    await expect.poll(async () => (await stat(file)).mtimeMs, { timeout: 20_000 }).toBeGreaterThan(first);
  });

  test('prints the problems of the configuration and exits 78', async () => {
    const result = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [app, '--max-attempts', 'x'], { env: environment }, (error, _, stderr) =>
        resolve({ code: error?.code, stderr }),
      );
    });
    expect(result).toEqual({ code: 78, stderr: expect.stringContaining('flag --max-attempts: max_attempts') });
  });
});
