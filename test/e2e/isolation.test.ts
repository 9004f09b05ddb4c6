import type { Config } from '@nightcrier/core/settings/config';
import { silentLogger } from '@nightcrier/core/logger';
import type { State } from '@nightcrier/state/open-state';
import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayApp } from '../../apps/gateway/src/app.ts';
import { PROBE_SCRIPT, readProbe } from '../../apps/triage-worker/src/agent/isolation/probe-script.ts';
import { DockerRuntime } from '../../apps/triage-worker/src/agent/run/docker/docker-runtime.ts';
import { runRequest } from '../../apps/triage-worker/src/agent/run/run-request.ts';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent, writesReport } from '../fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, PATIENCE } from '../fixtures/sandboxed-agents.ts';

const why = await whyNoDocker();

describe.skipIf(why)(`the isolation of agents${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: string;
  let backend: TestBackend;
  let harness: TestHarness;
  let state: State;
  let gateway: GatewayApp | undefined;

  beforeAll(async () => {
    image = await buildObedientAgent();
    backend = await TestBackend.start();
  }, 900_000);
  afterAll(() => backend.stop());
  beforeEach(async () => {
    harness = await TestHarness.open(backend);
    ({ state } = harness);
  });
  afterEach(async () => {
    await harness.close();
    await gateway?.stop();
    gateway = undefined;
  });

  async function configFor(settings = {}): Promise<Config> {
    const prompt = path.join(harness.folder, 'prompt.md');
    await writeFile(prompt, writesReport());
    return harness.config({
      kube_access: 'gateway',
      llm_access: 'gateway',
      data_dir: path.join(harness.folder, 'data'),
      gateway_socket_dir: path.join(harness.folder, 'sockets'),
      agent_cli: 'claude',
      agent_image: image,
      agent_system_prompt_file: prompt,
      agent_memory: '256m',
      agent_fallback: ['builtin'],
      max_attempts: 1,
      anthropic_api_key: 'not-needed',
      shutdown_timeout: 30,
      ...settings,
    });
  }

  async function startGateway(config: Config): Promise<void> {
    gateway = new GatewayApp({ config, logger: silentLogger });
    await gateway.start();
  }

  it('is proven when the worker starts, logged and reported, and an agent runs', async () => {
    const config = await configFor();
    await startGateway(config);
    await harness.startWorker(config, CONTAINER_GRACE);
    await expect
      .poll(() => state.isolation.read(), { timeout: PATIENCE })
      .toMatchObject([{ state: 'proven', findings: [], image }]);
    await expect
      .poll(() => harness.logger.lines, { timeout: PATIENCE })
      .toContainEqual(expect.objectContaining({ message: 'isolation of agents proven' }));
    expect(await harness.reaches(await harness.admit(), 'reported', PATIENCE)).toMatchObject({ agent: 'claude' });
  });

  it('fails where the engine does not share the sockets: no agent is run, and the reason says what to do', async () => {
    const volume = `nc-test-${randomUUID()}`;
    await execa('docker', ['volume', 'create', volume]);
    try {
      const config = await configFor({ gateway_socket_volume: volume });
      await startGateway(config);
      const worker = await harness.startWorker(config, CONTAINER_GRACE);
      const incident = await harness.reaches(await harness.admit(), 'reported', PATIENCE);
      const reason = expect.stringMatching(
        /isolation of agents is not proven.*sockets in nc-test.*kube_access and llm_access to direct/,
      );
      expect(incident).toMatchObject({ agent: 'builtin', agent_failures: [{ kind: 'unusable', reason }] });
      expect(await state.isolation.read()).toMatchObject([{ state: 'failed' }]);
      // Its probes use the volume.
      await worker.stop();
    } finally {
      await execa('docker', ['volume', 'rm', '--force', volume]);
    }
  });

  it('is not proven by a container on a network: the probe names what it reaches', async () => {
    const runtime = new DockerRuntime({ engine: () => 'docker', environment: process.env, workerId: 'test' });
    const request = runRequest(
      { incidentId: randomUUID(), attempt: 1, clusterName: '' },
      { config: await configFor({ agent_network: 'bridge' }), workerId: 'test', instance: harness.key_prefix },
      { variables: {}, isolated: false },
    );
    try {
      const { findings } = readProbe(await runtime.probe(request, PROBE_SCRIPT, AbortSignal.timeout(PATIENCE)));
      expect(findings.join('\n')).toMatch(/the network interface eth0\n(?:.*\n)*a route by eth0/);
    } finally {
      await runtime.close();
    }
  });

  it('is unknown without the image: agents are not run', async () => {
    const config = await configFor({ agent_image: 'nightcrier-missing:image' });
    await startGateway(config);
    await harness.startWorker(config, CONTAINER_GRACE);
    expect(await harness.reaches(await harness.admit(), 'reported', PATIENCE)).toMatchObject({
      agent: 'builtin',
      agent_failures: [{ kind: 'unavailable', reason: expect.stringContaining('does not exist on the engine') }],
    });
  });
});
