import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import { PrivateEngine } from '../fixtures/private-engine.ts';
import { CONTAINER_GRACE, ON_SIGNAL, PATIENCE, sandboxed } from '../fixtures/sandboxed-agents.ts';

const why = (await whyNoDocker()) ?? (process.getuid?.() === 0 ? undefined : 'an engine of its own needs root');

describe.skipIf(why)(`a restart of the engine${why ? ` (skipped: ${why})` : ''}`, () => {
  const cleanup = new AsyncDisposableStack();
  let engine: PrivateEngine;
  let harness: TestHarness;

  beforeAll(async () => {
    // The path of a Unix socket is short.
    const folder = await mkdtemp(path.join(tmpdir(), 'e-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    engine = new PrivateEngine(folder, { liveRestore: true });
    cleanup.defer(() => engine.close());
    await engine.start();
    await engine.load(await buildObedientAgent());
    const backend = await TestBackend.start();
    cleanup.defer(() => backend.stop());
    harness = await TestHarness.open(backend);
    cleanup.defer(() => harness.close());
  }, 300_000);
  afterAll(() => cleanup.disposeAsync());

  it('with live-restore does not end the agent, whose worker follows it again', async () => {
    const config = await sandboxed(harness, `echo begun; ${ON_SIGNAL}; echo ended; ${writesReport()}`);
    const environment = { PATH: process.env.PATH, HOME: harness.folder, DOCKER_HOST: engine.host };
    await harness.startWorkerProcess(config, { grace: CONTAINER_GRACE, environment });
    const id = await harness.admit();
    const stdout = async (): Promise<string> =>
      readFile(harness.workspace(id, 'logs/agent-stdout.log'), 'utf8').catch(() => '');
    await expect.poll(stdout, { timeout: PATIENCE }).toContain('begun');
    await engine.stop();
    await engine.start();
    const { stdout: container } = await engine.docker('ps', '--quiet');
    await engine.docker('exec', container, 'touch', '/home/work/go');
    expect(await harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ agent: 'claude', attempts: 1 });
    expect(await stdout()).toBe('begun\nended\n');
    await expect
      .poll(async () => (await engine.docker('ps', '--all', '--quiet')).stdout, { timeout: PATIENCE })
      .toBe('');
  });

  it('that ends the containers has their agents started again', async () => {
    const config = await sandboxed(harness, `${ON_SIGNAL}; ${writesReport()}`);
    const environment = { PATH: process.env.PATH, HOME: harness.folder, DOCKER_HOST: engine.host };
    await harness.startWorkerProcess(config, { grace: CONTAINER_GRACE, environment });
    const id = await harness.admit();
    const containerOf = async (attempt: number): Promise<string> => {
      const flags = ['--filter', `name=nc-${id}-${attempt}`];
      const running = async (): Promise<string> => (await engine.docker('ps', '--quiet', ...flags)).stdout;
      await expect.poll(running, { timeout: PATIENCE }).not.toBe('');
      return running();
    };
    await engine.docker('kill', await containerOf(1));
    await engine.docker('exec', await containerOf(2), 'touch', '/home/work/go');
    expect(await harness.reaches(id, 'reported', PATIENCE)).toMatchObject({
      attempts: 2,
      last_failure: 'claude: its container was stopped',
    });
  });
});
