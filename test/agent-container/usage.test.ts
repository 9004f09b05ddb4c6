import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { containerExists, runAgentScript, Workspace } from './attempt.ts';

const why = await whyNoDocker();

describe('the flags of run-agent.sh', () => {
  let workspace: Workspace;
  let required: string[];

  beforeAll(async () => {
    workspace = await Workspace.create();
    required = ['-w', workspace.path, '-m', 'scripted', '--kubeconfig', join(workspace.path, 'kubeconfig')];
  });
  afterAll(() => workspace.remove());

  it('a flag that is not valid is refused by name and value', async () => {
    const { exitCode, stderr } = await runAgentScript([...required, '--agent', 'copilot']);
    expect(stderr).toContain("--agent 'copilot' is not valid: expected claude, codex, gemini or goose");
    expect(exitCode).toBe(64);
  });

  it('an agent is not started without its key', async () => {
    const { exitCode, stderr } = await runAgentScript([...required, '--agent', 'codex'], { OPENAI_API_KEY: '' });
    expect(stderr).toContain("OPENAI_API_KEY is not set; --agent 'codex' needs it");
    expect(exitCode).toBe(64);
  });

  it('--help names every flag and exit code', async () => {
    const { exitCode, stdout } = await runAgentScript(['--help']);
    expect(exitCode).toBe(0);
    for (const flag of ['--kubeconfig', '--agent', '--timeout', '--memory', '124', '137', '69']) {
      expect(stdout).toContain(flag);
    }
  });

  it.skipIf(why)(
    `a missing image is reported with the command that builds it${why ? ` (skipped: ${why})` : ''}`,
    async () => {
      const { exitCode, stderr } = await runAgentScript([...required, '--image', 'nowhere/agent:none']);
      expect(stderr).toMatch(
        /agent_image 'nowhere\/agent:none' does not exist on the engine; build it: docker build -t nowhere\/agent:none agent-container/,
      );
      expect(exitCode).toBe(69);
    },
  );

  it.skipIf(why)(`an unreachable engine is reported${why ? ` (skipped: ${why})` : ''}`, async () => {
    const { exitCode, stderr } = await runAgentScript(required, { DOCKER_HOST: 'tcp://127.0.0.1:1' });
    expect(stderr).toContain('the engine does not answer');
    expect(exitCode).toBe(69);
  });

  it.skipIf(why)(
    `a network that does not exist is reported in the engine's words${why ? ` (skipped: ${why})` : ''}`,
    async () => {
      const flags = ['--image', await buildAgentImage(), '--network', 'nc-no-such-network'];
      const { exitCode, stderr } = await runAgentScript([...required, ...flags]);
      expect(stderr).toContain('nc-no-such-network');
      expect(exitCode).toBe(69);
      expect(await containerExists(workspace.container)).toBe(false);
    },
    900_000,
  );
});
