import { TRIAGE_OUTCOMES } from '@nightcrier/core/incidents/triage-outcome';
import { execa } from 'execa';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { TriageWorkerApp } from '../src/app.ts';
import { harness, backend } from './file-harness.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');

describe('TriageWorkerApp', () => {
  it('stops before it was started, and does not start afterwards', async () => {
    const app = new TriageWorkerApp(harness.options(harness.config()));
    await app.stop();
    await expect(app.start()).rejects.toThrow('stopped before its start');
    await expect.poll(() => harness.connections()).toBe(1);
  });

  it('stops during its start', async () => {
    const app = new TriageWorkerApp(harness.options(harness.config()));
    const starting = app.start();
    starting.catch(() => undefined);
    await app.stop();
    await expect(starting).rejects.toThrow(/stopped|closed/i);
    await expect.poll(() => harness.connections()).toBe(1);
  });

  it('releases what it acquired when a start fails', async () => {
    await harness.breakQueue();
    const app = new TriageWorkerApp(harness.options(harness.config()));
    await expect(app.start()).rejects.toThrow('WRONGTYPE');
    await expect.poll(() => harness.connections()).toBe(1);
  });

  it('starts once and stops once, however often it is called', async () => {
    const app = new TriageWorkerApp(harness.options(harness.config()));
    await Promise.all([app.start(), app.start()]);
    await Promise.all([app.stop(), app.stop()]);
    await app.stop();
    expect(harness.logger.lines.filter((line) => line.message === 'worker started')).toHaveLength(1);
    await expect.poll(() => harness.connections()).toBe(1);
  });

  it('waits at its start while Redis refuses writes, and stops meanwhile', async () => {
    const free = await harness.fillRedis();
    const waits = (): number =>
      harness.logger.lines.filter(({ message }) => message === 'writes refused by redis; start waits').length;
    const stopped = new TriageWorkerApp(harness.options(harness.config()));
    const failing = stopped.start();
    failing.catch(() => undefined);
    await expect.poll(waits, { timeout: 30_000 }).toBe(1);
    await stopped.stop();
    await expect(failing).rejects.toThrow(/stopped|abort/);
    const app = new TriageWorkerApp(harness.options(harness.config()));
    const starting = app.start();
    await expect.poll(waits, { timeout: 30_000 }).toBe(2);
    await free();
    await starting;
    await app.stop();
  });

  it('refuses to start without Redis', async () => {
    const config = harness.config();
    const app = new TriageWorkerApp(
      harness.options({ ...config, redis: { key_prefix: 'x', tls: false, sentinel: {} } }),
    );
    await expect(app.start()).rejects.toThrow('redis.url is not set');
  });

  it('investigates with the current configuration', async () => {
    const disabled = { enabled: false, allow_secrets_access: false };
    const worker = await harness.startWorker(harness.config({}, { cluster: { triage: disabled } }));
    await harness.reaches(await harness.admit(), 'skipped');
    worker.reloading.apply(harness.config());
    expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({ attempts: 1 });
  });

  it('counts its runs by outcome', async () => {
    await harness.startWorker(harness.config());
    await harness.reaches(await harness.admit(), 'reported');
    const runs = async (): Promise<[string, number][]> =>
      (await harness.counters.read()).map((count) => [count.outcome, count.runs]);
    const expected = TRIAGE_OUTCOMES.map((outcome) => [outcome, outcome === 'reported' ? 1 : 0]);
    await expect.poll(runs).toEqual(expected);
  });
});

describe('main.ts', () => {
  it('claims incidents until SIGTERM, then exits 0', async () => {
    const file = path.join(harness.folder, 'nightcrier.yaml');
    const { mcpEndpoint: endpoint } = backend.cluster;
    await writeFile(
      file,
      stringify({
        redis: { url: backend.redis.url, key_prefix: harness.key_prefix },
        workspace_root: path.join(harness.folder, 'incidents'),
        clusters: [{ name: 'alpha', mcp: { endpoint }, triage: { enabled: true, kubeconfig: harness.kubeconfig } }],
      }),
    );
    const worker = execa(process.execPath, [MAIN, '--config', file], {
      cwd: harness.folder,
      ipc: true,
      reject: false,
      cleanup: true,
    });
    await worker.getOneMessage();
    await harness.reaches(await harness.admit(), 'reported');
    worker.kill('SIGTERM');
    expect(await worker).toMatchObject({ exitCode: 0 });
  });
});
