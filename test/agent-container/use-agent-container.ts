import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { buildAgentImage } from '../fixtures/agent-image.ts';
import { type AgentNetwork, createAgentNetwork } from '../fixtures/agent-network.ts';
import { startStubLlm, type StubLlm } from '../fixtures/stub-llm.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';
import { type AttemptOptions, Workspace } from './attempt.ts';

/** What the tests of a suite share, and what the present one has of its own. */
export interface AgentContainerSuite {
  readonly image: string;
  readonly network: AgentNetwork;
  readonly workspace: Workspace;
  /** The model of the present test, once it has one. */
  readonly stub: StubLlm | undefined;
  /** Starts a model that follows a script; returns the options of an attempt with it. */
  scripted: (steps: Step[]) => Promise<Pick<AttemptOptions, 'image' | 'network' | 'llmUrl'>>;
}

/** Sets up a suite that runs the image of agents: one network, and a workspace for each test. */
export function useAgentContainer(): AgentContainerSuite {
  let image: string;
  let network: AgentNetwork;
  let workspace: Workspace;
  let stub: StubLlm | undefined;
  beforeAll(async () => {
    image = await buildAgentImage();
    network = await createAgentNetwork();
  }, 900_000);
  afterAll(() => network.remove());
  beforeEach(async () => {
    workspace = await Workspace.create();
  });
  afterEach(async () => {
    await workspace.remove();
    await stub?.stop();
    stub = undefined;
  });
  return {
    get image() {
      return image;
    },
    get network() {
      return network;
    },
    get workspace() {
      return workspace;
    },
    get stub() {
      return stub;
    },
    scripted: async (steps) => {
      stub = await startStubLlm({ host: network.gateway, steps });
      return { image, network: network.name, llmUrl: stub.url };
    },
  };
}
