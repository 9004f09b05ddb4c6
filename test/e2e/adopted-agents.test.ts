import { execa } from 'execa';
import { access, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { GatedApi } from '../../apps/triage-worker/test/gated-api.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import {
  CONTAINER_GRACE,
  ContainerWatch,
  containersOf,
  PATIENCE,
  sandboxed,
  untilNoContainer,
} from '../fixtures/sandboxed-agents.ts';

const why = await whyNoDocker();
const KILLS = 10;
/** Long enough for a busy engine: a container is only looked up after its start. */
const LOCK = { lockDuration: 3_000, stalledInterval: 500 };

describe.skipIf(why)(`a container whose worker was killed${why ? ` (skipped: ${why})` : ''}`, () => {
  let backend: TestBackend;
  let harness: TestHarness;
  let watch: ContainerWatch;

  beforeAll(async () => {
    await buildObedientAgent();
    backend = await TestBackend.start();
  }, 300_000);
  afterAll(() => backend.stop());
  beforeEach(async () => {
    harness = await TestHarness.open(backend);
    watch = await ContainerWatch.start(harness);
  });
  afterEach(async () => {
    await harness.close();
    await watch[Symbol.asyncDispose]();
  });

  /** Starts a worker, and kills it while its agent runs: alone, or with the script that it started. */
  async function killWorkerOf(id: string, behaviour: string, { withScript }: { withScript: boolean }): Promise<void> {
    const worker = await harness.startWorkerProcess(await sandboxed(harness, behaviour), { grace: CONTAINER_GRACE });
    await vi.waitFor(() => access(harness.workspace(id, 'output/begun')), { timeout: 20_000 });
    await worker.kill();
    if (withScript) await killScripts();
  }

  /** Kills worker and scripts together, like the end of a container that runs both. */
  async function killScripts(): Promise<void> {
    const { stdout } = await execa('pgrep', ['-f', `run-agent.sh.*${harness.folder}`], { reject: false, lines: true });
    if (stdout.length > 0) await execa('kill', ['-KILL', ...stdout], { reject: false });
  }

  /** Agents of another worker would report something else. */
  const startOther = async (): Promise<unknown> =>
    harness.startWorker(await sandboxed(harness, writesReport('Investigated twice.')), CONTAINER_GRACE);

  const states = async (id: string): Promise<string[]> => {
    const format = '{{.State}}';
    const filter = `label=nightcrier.incident=${id}`;
    return (await execa('docker', ['ps', '--all', '--filter', filter, '--format', format], { lines: true })).stdout;
  };

  async function expectAdopted(id: string): Promise<void> {
    const incident = await harness.reaches(id, 'resolved', PATIENCE);
    expect(incident).toMatchObject({ attempts: 2, agent: 'claude', report: { root_cause: 'The scripted cause.' } });
    expect(watch.starts.get(id)).toBe(1);
    await untilNoContainer(id);
    await expect(access(harness.workspace(id, 'attempts'))).rejects.toThrow('ENOENT');
    // Nothing of the run remains in the workspace, in particular no keys.
    const files = async (): Promise<string> => (await execa('ls', ['-A', harness.workspace(id)])).stdout;
    await expect.poll(files).not.toContain('.run-');
  }

  it.each([true, false])('is adopted by the next one, with its script killed too: %s', async (withScript) => {
    const id = await harness.admit();
    const behaviour = `echo said-before; touch output/begun; sleep 5; echo said-after; ${writesReport()}`;
    await killWorkerOf(id, behaviour, { withScript });
    await startOther();
    await expectAdopted(id);
    const log = await readFile(harness.workspace(id, 'logs/agent-stdout.log'), 'utf8');
    expect(log).toBe('said-before\nsaid-after\n');
    expect(JSON.parse(await readFile(harness.workspace(id, 'logs/container.json'), 'utf8'))).toMatchObject({
      container: `nc-${id}-1`,
      reason: 'exited',
      exit_code: 0,
    });
  });

  it('is followed to its end although its cluster becomes unreachable', async () => {
    const id = await harness.admit();
    await killWorkerOf(id, `touch output/begun; sleep 5; ${writesReport()}`, { withScript: true });
    await using api = await GatedApi.start(backend.cluster);
    await writeFile(harness.kubeconfig, api.kubeconfig);
    await startOther();
    await vi.waitFor(async () => execa('pgrep', ['-f', `run-agent.sh.*${harness.folder}.*--adopt`]), {
      timeout: 20_000,
    });
    api.disconnect();
    await expectAdopted(id);
    expect(await harness.booksOff()).toEqual([]);
  });

  it('counts with its report if it ended before the next worker came', async () => {
    const id = await harness.admit();
    await killWorkerOf(id, `touch output/begun; sleep 1; ${writesReport()}`, { withScript: true });
    await expect.poll(() => states(id), { timeout: 20_000 }).toEqual(['exited']);
    await startOther();
    await expectAdopted(id);
  });

  it('counts with its report if its script has recorded its end and removed it', async () => {
    const id = await harness.admit();
    await killWorkerOf(id, `touch output/begun; sleep 1; ${writesReport()}`, { withScript: false });
    await expect.poll(() => containersOf(id), { timeout: 20_000 }).toEqual([]);
    await startOther();
    await expectAdopted(id);
  });

  it('is replaced if it was killed', async () => {
    const id = await harness.admit();
    await killWorkerOf(id, 'touch output/begun; sleep 60', { withScript: true });
    await execa('docker', ['kill', ...(await containersOf(id))]);
    await startOther();
    const incident = await harness.reaches(id, 'resolved', PATIENCE);
    expect(incident).toMatchObject({ attempts: 2, report: { root_cause: 'Investigated twice.' } });
    await untilNoContainer(id);
  });

  it('keeps its deadline under the next worker', async () => {
    const id = await harness.admit();
    const config = await sandboxed(harness, "trap '' TERM; touch output/begun; while :; do sleep 1; done", {
      agent_timeout: 4,
    });
    const worker = await harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
    await vi.waitFor(() => access(harness.workspace(id, 'output/begun')), { timeout: 20_000 });
    await worker.kill();
    await killScripts();
    await harness.startWorker(config, CONTAINER_GRACE);
    expect(await harness.reaches(id, 'agent_failed', PATIENCE)).toMatchObject({
      attempts: 2,
      reason: 'claude timed out after 4 s',
    });
    expect(watch.starts.get(id)).toBe(1);
    expect(await containersOf(id)).toEqual([]);
  });

  it(
    'every incident has exactly one report after ten workers were killed at random moments',
    { timeout: 180_000 },
    async () => {
      const config = await sandboxed(harness, `sleep 1; ${writesReport()}`, {
        max_concurrent_agents: 2,
        max_agents_per_cluster: 0,
        max_attempts: 20,
      });
      const ids: string[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        ids.push(await harness.admit());
        const worker = await harness.startWorkerProcess(config, { grace: CONTAINER_GRACE, lock: LOCK });
        await sleep(Math.random() * 2_000);
        await worker.kill();
        if (kill % 2 === 0) await killScripts();
      }
      await harness.startWorker(config, CONTAINER_GRACE);
      for (const id of ids) {
        await vi.waitFor(async () => expect((await harness.incident(id)).state).toBe('resolved'), { timeout: 60_000 });
        expect(await harness.incidents.report(id)).toContain('The scripted cause.');
        expect({ id, starts: watch.starts.get(id), most: watch.most.get(id) }).toEqual({ id, starts: 1, most: 1 });
        await untilNoContainer(id);
      }
      expect(await harness.booksOff()).toEqual([]);
    },
  );

  it('is removed at the start of a worker if it is orphaned, and no other is', async () => {
    const instance = await harness.instance();
    const [ended, waiting, late] = [await harness.admit(), await harness.admit(), await harness.admit()];
    await harness.incidents.finish(ended, { state: 'cancelled' });
    const soon = Math.floor(Date.now() / 1000) + 300;
    const container = async (incident: string, of = instance, deadline = soon): Promise<string> => {
      const labels = { component: 'agent', instance: of, incident, attempt: '1', deadline, agent: 'claude' };
      const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `nightcrier.${name}=${value}`]);
      const image = await buildObedientAgent();
      return (await execa('docker', ['run', '--detach', '--init', ...flags, image, 'sleep', '300'])).stdout;
    };
    const gone = [await container('unknown'), await container(ended), await container(late, instance, soon - 400)];
    const kept = [await container(waiting), await container('unknown', `${instance}-other`)];
    const exists = async (id: string): Promise<boolean> =>
      !(await execa('docker', ['inspect', '--type', 'container', id], { reject: false })).failed;
    try {
      await harness.startWorker(await sandboxed(harness, 'sleep 60', { shutdown_timeout: 15 }), CONTAINER_GRACE);
      for (const id of gone) await expect.poll(() => exists(id), { timeout: 20_000 }).toBe(false);
      for (const id of kept) expect(await exists(id)).toBe(true);
    } finally {
      await execa('docker', ['rm', '--force', ...gone, ...kept], { reject: false });
    }
  });
});
