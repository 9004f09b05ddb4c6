import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { type AgentNetwork, createAgentNetwork } from '../fixtures/agent-network.ts';
import { CONTAINER_GRACE, containersOf, PATIENCE, untilNoContainer } from '../fixtures/sandboxed-agents.ts';
import { INVESTIGATION, REPORT } from '../fixtures/scripted-investigation.ts';
import { type StubLlm, startStubLlm } from '../fixtures/stub-llm.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';

const KEY = 'sk-ant-leak-me-not';

const why = await whyNoDocker();

describe.skipIf(why)(`an incident investigated by claude in a container${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: string;
  let network: AgentNetwork;
  let backend: TestBackend;
  let harness: TestHarness;
  let stub: StubLlm;

  beforeAll(async () => {
    image = await buildAgentImage();
    network = await createAgentNetwork();
    backend = await TestBackend.start({ host: network.gateway, tls: true });
  }, 900_000);
  afterAll(async () => {
    await backend.stop();
    await network.remove();
  });
  beforeEach(async () => {
    harness = await TestHarness.open(backend);
  });
  afterEach(async () => {
    await harness.close();
    await stub.stop();
  });

  async function configFor(steps: Step[]) {
    stub = await startStubLlm({ host: network.gateway, steps });
    const keyFile = path.join(harness.folder, 'anthropic-key');
    await writeFile(keyFile, KEY);
    return harness.config({
      agent_cli: 'claude',
      agent_image: image,
      agent_network: network.name,
      agent_model: 'scripted',
      agent_memory: '1g',
      agent_timeout: 120,
      shutdown_timeout: 30,
      anthropic_api_key_file: keyFile,
      anthropic_base_url: stub.url,
    });
  }

  it('is reported, and no container is left', async () => {
    const id = await harness.admit();
    await harness.startWorker(await configFor(INVESTIGATION), CONTAINER_GRACE);
    const incident = await harness.reaches(id, 'reported', PATIENCE);

    expect(incident).toMatchObject({
      agent: 'claude',
      attempts: 1,
      report: { root_cause: 'The ConfigMap that it needs is missing.', confidence: 90 },
    });
    expect((await harness.incidents.report(id))?.trim()).toBe(REPORT.trim());
    await untilNoContainer(id);
    // The output of kubectl reached the model: the agent has read the cluster.
    expect(stub.requests.some(({ raw }) => raw.includes('RESTARTS'))).toBe(true);
    const end: unknown = JSON.parse(await readFile(harness.workspace(id, 'logs/container.json'), 'utf8'));
    expect(end).toMatchObject({ agent: 'claude', exit_code: 0, reason: 'exited' });
  });

  it('is handed back when the worker stops, its container is gone, and the next worker resolves it', async () => {
    const id = await harness.admit();
    const slow = await harness.startWorker(await configFor([{ text: 'too late', delayMs: 600_000 }]), CONTAINER_GRACE);
    await untilContainer(id);
    await slow.stop();
    expect(await harness.incident(id)).toMatchObject({ state: 'queued', attempts: 0 });
    await untilNoContainer(id);

    await stub.stop();
    await harness.startWorker(await configFor(INVESTIGATION), CONTAINER_GRACE);
    expect(await harness.reaches(id, 'reported', PATIENCE)).toMatchObject({ attempts: 1 });
  });

  it('is reported after a kill -9 by another worker, which adopts the running agent', async () => {
    const id = await harness.admit();
    const { promise: adopted, resolve: goOn } = Promise.withResolvers<void>();
    const config = await configFor(INVESTIGATION.map((step) => ({ ...step, after: adopted })));
    const dying = await harness.startWorkerProcess(config);
    // A container that has not started yet is replaced.
    await expect.poll(() => stub.requests.length, { timeout: PATIENCE }).toBeGreaterThan(0);
    const [container] = await containersOf(id);
    await dying.kill();

    await harness.startWorker(config, CONTAINER_GRACE);
    await expect.poll(async () => (await harness.incident(id)).attempts, { timeout: PATIENCE }).toBe(2);
    expect(await containersOf(id)).toEqual([container]);
    goOn();
    const incident = await harness.reaches(id, 'reported', PATIENCE);
    expect(incident).toMatchObject({ agent: 'claude', usage: { turns: 3, tool_calls: 2, cost_source: 'cli' } });
    await untilNoContainer(id);
  });

  it('is reported by claude when the provider of codex fails', async () => {
    const refusing = await startStubLlm({
      host: network.gateway,
      steps: [{ shell: 'cat incident.json' }, { status: 429 }],
    });
    try {
      const id = await harness.admit();
      const config = await configFor(INVESTIGATION);
      const codex = { agent_cli: 'codex', openai_api_key_file: config.anthropic_api_key_file } as const;
      await harness.startWorker(
        { ...config, ...codex, openai_base_url: `${refusing.url}/v1`, agent_fallback: ['claude', 'builtin'] },
        CONTAINER_GRACE,
      );
      expect(await harness.reaches(id, 'reported', PATIENCE)).toMatchObject({
        agent: 'claude',
        reason: expect.stringMatching(/^fallback to claude: codex: .*429/),
        usage: { turns: 1 + 3, tool_calls: 1 + 2, input_tokens: 3_600, output_tokens: 102 },
      });
    } finally {
      await refusing.stop();
    }
  });

  const untilContainer = (id: string): Promise<void> =>
    expect.poll(() => containersOf(id), { timeout: PATIENCE, interval: 200 }).toHaveLength(1);
});
