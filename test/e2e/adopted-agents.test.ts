import { execa } from 'execa';
import { access, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomFrom } from '../chaos/schedule.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { GatedApi } from '../../apps/triage-worker/test/gated-api.ts';
import { buildObedientAgent, REPORT, writesReport } from '../fixtures/obedient-agent.ts';
import {
  CONTAINER_GRACE,
  ContainerWatch,
  containersOf,
  ON_SIGNAL,
  PATIENCE,
  sandboxed,
  signalAgent,
  UNTIL_COUNTED,
  untilAdopted,
  untilNoContainer,
} from '../fixtures/sandboxed-agents.ts';
import { useHarness } from '../fixtures/use-harness.ts';

const why = await whyNoDocker();
const KILLS = 10;
/** The moments of the kills: each after a worker has started, ms. */
const SEED = Number(process.env.KILL_SEED ?? 1);

describe.skipIf(why)(`a container whose worker was killed${why ? ` (skipped: ${why})` : ''}`, () => {
  const suite = useHarness();
  let watch: ContainerWatch;

  beforeEach(async () => {
    watch = await ContainerWatch.start(suite.harness);
  });
  afterEach(() => watch[Symbol.asyncDispose]());

  const stdoutOf = (id: string): Promise<string> =>
    readFile(suite.harness.workspace(id, 'logs/agent-stdout.log'), 'utf8').catch(() => '');

  /** Starts a worker, and kills it once its agent has printed `begun`. */
  async function killWorkerOf(id: string, behaviour: string): Promise<void> {
    const config = await sandboxed(suite.harness, `echo begun; ${behaviour}`);
    const worker = await suite.harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
    await expect.poll(() => stdoutOf(id), { timeout: PATIENCE }).toContain('begun');
    await worker.kill();
  }

  /** Agents of another worker would report something else. */
  const startOther = async (): Promise<unknown> =>
    suite.harness.startWorker(await sandboxed(suite.harness, writesReport('Investigated twice.')), CONTAINER_GRACE);

  async function expectAdopted(id: string): Promise<void> {
    const incident = await suite.harness.reaches(id, 'reported', PATIENCE);
    expect(incident).toMatchObject({ attempts: 2, agent: 'claude', report: { root_cause: 'The scripted cause.' } });
    expect(watch.starts.get(id)).toBe(1);
    await untilNoContainer(id);
    await expect(access(suite.harness.workspace(id, 'attempts'))).rejects.toThrow('ENOENT');
  }

  it('is adopted by the next one', async () => {
    const id = await suite.harness.admit();
    await killWorkerOf(id, `${ON_SIGNAL}; echo said-after; ${writesReport()}`);
    await startOther();
    await untilAdopted(id);
    await signalAgent(id);
    await expectAdopted(id);
    expect(await stdoutOf(id)).toBe('begun\nsaid-after\n');
    expect(JSON.parse(await readFile(suite.harness.workspace(id, 'logs/container.json'), 'utf8'))).toMatchObject({
      container: expect.stringMatching(new RegExp(`^nc-${id}-1\\.`)),
      reason: 'exited',
      exit_code: 0,
    });
  });

  it('is followed to its end although its cluster becomes unreachable', async () => {
    const id = await suite.harness.admit();
    await killWorkerOf(id, `${ON_SIGNAL}; ${writesReport()}`);
    await using api = await GatedApi.start(suite.backend.cluster);
    await writeFile(suite.harness.kubeconfig, api.kubeconfig);
    await startOther();
    await untilAdopted(id);
    api.disconnect();
    await signalAgent(id);
    await expectAdopted(id);
    expect(await suite.harness.booksOff()).toEqual([]);
  });

  it('counts with its report if it ended before the next worker came', async () => {
    const id = await suite.harness.admit();
    await killWorkerOf(id, `${ON_SIGNAL}; ${writesReport()}`);
    const [container = ''] = await containersOf(id);
    await signalAgent(id);
    const processes = async (): Promise<number> =>
      (await execa('docker', ['top', container], { lines: true })).stdout.length;
    // The title and the shell that holds the output.
    await expect.poll(processes, { timeout: PATIENCE }).toBe(2);
    await startOther();
    await expectAdopted(id);
  });

  it('counts with its report if its end was recorded and it was removed, and its incident has no outcome', async () => {
    const id = await suite.harness.admit();
    await killWorkerOf(id, `sleep 60; ${writesReport('Never written.')}`);
    await execa('docker', ['rm', '--force', '--volumes', ...(await containersOf(id))]);
    const record = { container: `nc-${id}-1`, agent: 'claude', reason: 'exited', exit_code: 0 };
    await writeFile(suite.harness.workspace(id, 'logs/container.json'), JSON.stringify(record));
    await writeFile(suite.harness.workspace(id, 'output/investigation.md'), REPORT);
    await startOther();
    await expectAdopted(id);
    expect(await suite.harness.incidents.report(id)).toBe(REPORT);
  });

  it('is replaced if it was killed', async () => {
    const id = await suite.harness.admit();
    await killWorkerOf(id, 'sleep 60');
    const containers = await containersOf(id);
    await execa('docker', ['kill', ...containers]);
    await execa('docker', ['wait', ...containers]);
    await startOther();
    const incident = await suite.harness.reaches(id, 'reported', PATIENCE);
    expect(incident).toMatchObject({ attempts: 2, report: { root_cause: 'Investigated twice.' } });
    await untilNoContainer(id);
  });

  it('keeps its deadline under the next worker', async () => {
    const id = await suite.harness.admit();
    const config = await sandboxed(suite.harness, "trap '' TERM; echo begun; while :; do sleep 1; done", {
      agent_timeout: 4,
    });
    const worker = await suite.harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
    await expect.poll(() => stdoutOf(id), { timeout: PATIENCE }).toContain('begun');
    await worker.kill();
    await suite.harness.startWorker(config, CONTAINER_GRACE);
    expect(await suite.harness.reaches(id, 'agent_failed', PATIENCE)).toMatchObject({
      attempts: 2,
      reason: 'claude timed out after 4 s',
    });
    expect(watch.starts.get(id)).toBe(1);
    await untilNoContainer(id);
  });

  it(
    'every incident has exactly one report after ten workers were killed at random moments',
    { timeout: 600_000 },
    async () => {
      const random = randomFrom(SEED);
      const config = await sandboxed(suite.harness, `${UNTIL_COUNTED}; sleep 0.5; ${writesReport()}`, {
        max_concurrent_agents: 2,
        max_agents_per_cluster: 0,
        max_attempts: 20,
      });
      const ids: string[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        ids.push(await suite.harness.admit());
        const worker = await suite.harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
        await sleep(random() * 2_000);
        await worker.kill();
      }
      await suite.harness.startWorker(config, CONTAINER_GRACE);
      for (const id of ids) {
        await suite.harness.reaches(id, 'reported', PATIENCE);
        expect(await suite.harness.incidents.report(id)).toContain('The scripted cause.');
        await untilNoContainer(id);
        const counts = () => ({ id, begins: watch.begins.get(id), most: watch.most.get(id) });
        await expect
          .poll(counts, { timeout: PATIENCE, message: `KILL_SEED=${SEED}` })
          .toEqual({ id, begins: 1, most: 1 });
      }
      expect(await suite.harness.booksOff()).toEqual([]);
    },
  );

  it('is removed at the start of a worker if it is orphaned, and no other is', async () => {
    const instance = await suite.harness.instance();
    const [ended, waiting, late] = [
      await suite.harness.admit(),
      await suite.harness.admit(),
      await suite.harness.admit(),
    ];
    await suite.harness.incidents.finish(ended, { state: 'cancelled' });
    const soon = Math.floor(Date.now() / 1000) + 300;
    const container = async (incident: string, of = instance, deadline = soon): Promise<string> => {
      const labels = { component: 'agent', instance: of, incident, attempt: '1', deadline, agent: 'claude' };
      const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `nightcrier.${name}=${value}`]);
      const image = await buildObedientAgent();
      return (await execa('docker', ['run', '--detach', '--init', ...flags, image, 'sleep', '300'])).stdout;
    };
    const gone = [await container('unknown'), await container(ended), await container(late, instance, soon - 1_300)];
    const kept = [await container(waiting), await container('unknown', `${instance}-other`)];
    const exists = async (id: string): Promise<boolean> =>
      !(await execa('docker', ['inspect', '--type', 'container', id], { reject: false })).failed;
    try {
      await suite.harness.startWorker(
        await sandboxed(suite.harness, 'sleep 60', { shutdown_timeout: 15 }),
        CONTAINER_GRACE,
      );
      for (const id of gone) await expect.poll(() => exists(id), { timeout: PATIENCE }).toBe(false);
      for (const id of kept) expect(await exists(id)).toBe(true);
    } finally {
      await execa('docker', ['rm', '--force', ...gone, ...kept], { reject: false });
    }
  });
});
