import { execa, type ResultPromise } from 'execa';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, ON_SIGNAL, PATIENCE, sandboxed } from '../fixtures/sandboxed-agents.ts';

const why = (await whyNoDocker()) ?? (process.getuid?.() === 0 ? undefined : 'an engine of its own needs root');

/** A Docker engine of its own, whose containers outlive it. */
class TestEngine {
  readonly host: string;
  readonly #folder: string;
  #process: ResultPromise | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.host = `unix://${path.join(folder, 'docker.sock')}`;
  }

  async start(): Promise<void> {
    const at = (name: string): string => path.join(this.#folder, name);
    // One that was killed has left it.
    await rm(at('pid'), { force: true });
    const paths = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid'), '--host', this.host];
    const flags = ['--live-restore', '--bridge=none', '--iptables=false'];
    // In a network of its own: an engine without a bridge removes docker0, which belongs to the engine of the machine.
    const command = ['--net', 'dockerd', ...paths, ...flags];
    this.#process = execa('unshare', command, { reject: false, stdio: 'ignore' });
    const answers = async (): Promise<void> => expect((await this.docker('info')).failed).toBe(false);
    await vi.waitFor(answers, { timeout: PATIENCE, interval: 100 });
  }

  async stop(): Promise<void> {
    this.#process?.kill();
    await this.#process;
  }

  async close(): Promise<void> {
    const { stdout: remaining } = await this.docker('ps', '--all', '--quiet');
    if (remaining !== '') await this.docker('rm', '--force', ...remaining.split('\n'));
    await this.stop();
    // The engine mounts its directory on itself.
    await execa('umount', ['--recursive', '--lazy', path.join(this.#folder, 'data')], { reject: false });
  }

  async docker(...words: string[]) {
    return execa('docker', ['--host', this.host, ...words], { reject: false });
  }

  async load(image: string): Promise<void> {
    const saved = execa('docker', ['save', image], { buffer: false });
    await saved.pipe(execa('docker', ['--host', this.host, 'load']));
  }
}

describe.skipIf(why)(`a restart of the engine${why ? ` (skipped: ${why})` : ''}`, () => {
  const cleanup = new AsyncDisposableStack();
  let engine: TestEngine;
  let harness: TestHarness;

  beforeAll(async () => {
    // The path of a Unix socket is short.
    const folder = await mkdtemp(path.join(tmpdir(), 'e-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    engine = new TestEngine(folder);
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
});
