import { buildAgentImage, whyNoDocker } from './fixtures/agent-image.ts';
import { composeProject, whyNoProject } from './fixtures/compose.ts';
import { buildHijackedAgent } from './fixtures/hijacked-agent.ts';
import { buildObedientAgent } from './fixtures/obedient-agent.ts';

/** Builds every image that the tests use, so that no test waits for the network. */
const why = (await whyNoDocker()) ?? whyNoProject;
if (why !== undefined) throw new Error(`cannot build the images: ${why}`);
console.log(`agent: ${await buildAgentImage()}`);
console.log(`agent that obeys a prompt: ${await buildHijackedAgent()}`);
console.log(`agent without a model: ${await buildObedientAgent()}`);
await (await composeProject()).compose('build', '--quiet');
console.log('processes: built');
