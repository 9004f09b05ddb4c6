import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { providerFailure } from '../../apps/triage-worker/src/agent/provider-failure.ts';
import { readAgentStream } from '../../apps/triage-worker/src/agent/stream/read-agent-stream.ts';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { createAgentNetwork, type AgentNetwork } from '../fixtures/agent-network.ts';
import { startStubLlm } from '../fixtures/stub-llm.ts';
import { startAttempt, Workspace, type Agent } from './attempt.ts';

const why = await whyNoDocker();

describe.skipIf(why)(`how a real CLI ends${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: string;
  let network: AgentNetwork;
  beforeAll(async () => {
    image = await buildAgentImage();
    network = await createAgentNetwork();
  }, 900_000);
  afterAll(() => network.remove());

  /** Returns the parsed stream of a run whose requests are all answered with a status, or with a final text. */
  async function failureOf(agent: Agent, status?: number): Promise<string | undefined> {
    const stub = await startStubLlm({
      host: network.gateway,
      steps: status === undefined ? [{ text: 'Error: 401, quota exceeded, says the log.' }] : [{ status }],
    });
    onTestFinished(() => stub.stop());
    const workspace = await Workspace.create();
    onTestFinished(() => workspace.remove());
    await startAttempt(workspace, { agent, image, network: network.name, llmUrl: stub.url });
    return providerFailure(await readAgentStream(join(workspace.path, 'logs'), { agent, prices: {} }));
  }

  it.each<[Agent, number]>([
    ['claude', 401],
    ['claude', 429],
    ['claude', 500],
    ['codex', 401],
    ['codex', 429],
    ['codex', 500],
    ['gemini', 401],
    // It retries for 12 s before it gives up; other statuses use the text of 401.
    ['gemini', 429],
  ])('%s tells that its provider answered %i', { timeout: 180_000 }, async (agent, status) => {
    expect(await failureOf(agent, status)).toMatch(status === 500 ? /500|high demand/ : new RegExp(String(status)));
  });

  it.each<Agent>(['claude', 'codex', 'gemini'])('%s that only mentions failures reports none', async (agent) => {
    expect(await failureOf(agent)).toBeUndefined();
  });

  it.each<Agent>(['claude', 'codex', 'gemini'])(
    '%s whose request was invalid reports no provider failure',
    async (agent) => {
      expect(await failureOf(agent, 400)).toBeUndefined();
    },
  );
});
