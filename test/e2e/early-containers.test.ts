import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { GatedApi } from '../../apps/triage-worker/test/gated-api.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, PATIENCE, sandboxed, untilNoContainer } from '../fixtures/sandboxed-agents.ts';
import { useHarness } from '../fixtures/use-harness.ts';

const why = await whyNoDocker();

describe.skipIf(why)(`while evidence is being collected${why ? ` (skipped: ${why})` : ''}`, () => {
  const suite = useHarness();

  const statesOf = async (id: string): Promise<string[]> => {
    const filter = `label=nightcrier.incident=${id}`;
    return (await execa('docker', ['ps', '--all', '--filter', filter, '--format', '{{.State}}'], { lines: true }))
      .stdout;
  };

  it("the agent's container starts, and its agent when the evidence is there", async () => {
    await using api = await GatedApi.start(suite.backend.cluster);
    await writeFile(suite.harness.kubeconfig, api.kubeconfig);
    const id = await suite.harness.admit();
    const behaviour = `cat evidence/index.json incident_cluster_permissions.json >/dev/null || exit 9; ${writesReport()}`;
    await suite.harness.startWorker(await sandboxed(suite.harness, behaviour), CONTAINER_GRACE);
    await expect.poll(() => statesOf(id), { timeout: PATIENCE }).toContain('running');
    const { stdout: logs } = await execa('docker', ['logs', `nc-${id}-1`], { all: true });
    expect(logs).toBe('');
    api.open();
    expect(await suite.harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ attempts: 1, agent: 'claude' });
    await untilNoContainer(id);
  });

  it('the container is removed when the cluster becomes unreachable', async () => {
    await using api = await GatedApi.start(suite.backend.cluster);
    await writeFile(suite.harness.kubeconfig, api.kubeconfig);
    const id = await suite.harness.admit();
    // The built-in analyser cannot report without evidence either.
    const settings = { max_attempts: 1, agent_fallback: ['builtin' as const] };
    await suite.harness.startWorker(await sandboxed(suite.harness, writesReport(), settings), CONTAINER_GRACE);
    await expect.poll(() => statesOf(id), { timeout: PATIENCE }).toContain('running');
    api.disconnect();
    expect((await suite.harness.reaches(id, 'failed', PATIENCE)).reason).toMatch(
      /^gave up after 1 attempts: cluster alpha: evidence could not be collected: cannot reach/,
    );
    await untilNoContainer(id);
  });

  it('a container whose worker dies before it has its inputs is replaced', async () => {
    await using api = await GatedApi.start(suite.backend.cluster);
    await writeFile(suite.harness.kubeconfig, api.kubeconfig);
    const id = await suite.harness.admit();
    const config = await sandboxed(suite.harness, writesReport());
    const worker = await suite.harness.startWorkerProcess(config, { grace: CONTAINER_GRACE });
    await expect.poll(() => statesOf(id), { timeout: PATIENCE }).toContain('running');
    await worker.kill();
    api.open();
    await suite.harness.startWorker(config, CONTAINER_GRACE);
    expect(await suite.harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ attempts: 2, agent: 'claude' });
    await untilNoContainer(id);
  });

  it('an engine that cannot be reached leads to the built-in report', async () => {
    const id = await suite.harness.admit('image-pull-back-off');
    const config = await sandboxed(suite.harness, writesReport(), { agent_fallback: ['builtin'], max_attempts: 1 });
    const options = suite.harness.options(config, CONTAINER_GRACE);
    await suite.harness.startWorkerProcess(config, {
      environment: { ...options.environment, DOCKER_HOST: 'tcp://127.0.0.1:1' },
    });
    const incident = await suite.harness.reaches(id, 'reported', PATIENCE);
    expect(incident).toMatchObject({ agent: 'builtin' });
    expect(incident.reason).toContain(
      'the container engine or the agent image is unavailable: the engine does not answer',
    );
  });
});
