import { TRIAGE_OUTCOMES } from '@nightcrier/core/incidents/triage-outcome';
import { execa } from 'execa';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { TriageWorkerApp } from '../src/app.ts';
import { bench, world } from './bench-of-test.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');

describe('TriageWorkerApp', () => {
  it('stops when it was never started, and does not start after that', async () => {
    const app = new TriageWorkerApp(bench.options(bench.config()));
    await app.stop();
    await expect(app.start()).rejects.toThrow('stopped before it had started');
    expect(await bench.connections()).toBe(1);
  });

  it('stops while it starts', async () => {
    const app = new TriageWorkerApp(bench.options(bench.config()));
    const starting = app.start();
    starting.catch(() => undefined);
    await app.stop();
    await expect(starting).rejects.toThrow(/stopped|closed/i);
    expect(await bench.connections()).toBe(1);
  });

  it('gives back what it had acquired when a start fails', async () => {
    await bench.breakQueue();
    const app = new TriageWorkerApp(bench.options(bench.config()));
    await expect(app.start()).rejects.toThrow('WRONGTYPE');
    expect(await bench.connections()).toBe(1);
  });

  it('starts once and stops once, however often it is told to', async () => {
    const app = new TriageWorkerApp(bench.options(bench.config()));
    await Promise.all([app.start(), app.start()]);
    await Promise.all([app.stop(), app.stop()]);
    await app.stop();
    expect(bench.logger.lines.filter((line) => line.message === 'taking incidents')).toHaveLength(1);
    expect(await bench.connections()).toBe(1);
  });

  it('refuses to start without Redis', async () => {
    const config = bench.config();
    const app = new TriageWorkerApp(bench.options({ ...config, redis: { key_prefix: 'x' } }));
    await expect(app.start()).rejects.toThrow('redis.url is not set');
  });

  it('investigates by the configuration of now', async () => {
    const disabled = { enabled: false, allow_secrets_access: false };
    const worker = await bench.startWorker(bench.config({}, { cluster: { triage: disabled } }));
    await bench.reaches(await bench.admit(), 'skipped');
    worker.reloading.apply(bench.config());
    expect(await bench.reaches(await bench.admit(), 'resolved')).toMatchObject({ attempts: 1 });
  });

  it('counts its runs by outcome', async () => {
    await bench.startWorker(bench.config());
    await bench.reaches(await bench.admit(), 'resolved');
    const runs = async (): Promise<[string, number][]> =>
      (await bench.counters.read()).map((count) => [count.outcome, count.runs]);
    const expected = TRIAGE_OUTCOMES.map((outcome) => [outcome, outcome === 'resolved' ? 1 : 0]);
    await expect.poll(runs).toEqual(expected);
  });
});

describe('main.ts', () => {
  it('takes incidents until SIGTERM, then exits 0', async () => {
    const file = path.join(bench.folder, 'nightcrier.yaml');
    const { mcpEndpoint: endpoint } = world.cluster;
    await writeFile(
      file,
      stringify({
        redis: { url: world.redis.url, key_prefix: bench.key_prefix },
        workspace_root: path.join(bench.folder, 'incidents'),
        clusters: [{ name: 'alpha', mcp: { endpoint }, triage: { enabled: true, kubeconfig: bench.kubeconfig } }],
      }),
    );
    const worker = execa(process.execPath, [MAIN, '--config', file], {
      cwd: bench.folder,
      ipc: true,
      reject: false,
      cleanup: true,
    });
    await worker.getOneMessage();
    await bench.reaches(await bench.admit(), 'resolved');
    worker.kill('SIGTERM');
    expect(await worker).toMatchObject({ exitCode: 0 });
  });
});
