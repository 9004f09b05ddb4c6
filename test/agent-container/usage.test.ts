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

  it.each([
    [['--agent', 'copilot'], "--agent 'copilot' is not valid: expected claude, codex, gemini or goose"],
    [['--engine', 'lxc'], "--engine 'lxc' is not valid: expected docker or podman"],
    [['--timeout', '5m'], "--timeout '5m' is not valid: expected seconds"],
    [['--attempt', '0'], "--attempt '0' is not valid"],
    [['--memory', 'lots'], "--memory 'lots' is not valid"],
    [['--cpus', '0'], "--cpus '0' is not valid"],
    [['--network', 'host'], "--network 'host' is refused"],
    [['--incident-id', 'a b'], "--incident-id 'a b' is not valid"],
    [['--kubeconfig=/nowhere'], "--kubeconfig '/nowhere' is not a readable file"],
    [['-w', '/nowhere'], "--workspace '/nowhere' is not a directory"],
    [['-w', '/tmp'], "--workspace '/tmp/incident.json' is not a readable file"],
    [['--colour', 'red'], "Unknown option '--colour'"],
    [['--agent'], "Option '--agent <value>' argument missing"],
    [['investigate'], "Unexpected argument 'investigate'"],
  ])('%j is refused by name and value', async (flags, message) => {
    const { exitCode, stderr } = await runAgentScript([...required, ...flags]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(64);
  });

  it.each(['-w', '--kubeconfig'])('%s is required', async (flag) => {
    const at = required.indexOf(flag);
    const { exitCode, stderr } = await runAgentScript(required.toSpliced(at, 2));
    expect(stderr).toMatch(new RegExp(`${flag} \\w+ is required`));
    expect(exitCode).toBe(64);
  });

  it.each([
    ['claude', 'ANTHROPIC_API_KEY'],
    ['codex', 'OPENAI_API_KEY'],
    ['gemini', 'GEMINI_API_KEY'],
  ])('%s is not started without %s', async (agent, key) => {
    const { exitCode, stderr } = await runAgentScript([...required, '--agent', agent], { [key]: '' });
    expect(stderr).toContain(`${key} is not set; --agent '${agent}' needs it`);
    expect(exitCode).toBe(64);
  });

  it('an invalid base URL is refused', async () => {
    const { exitCode, stderr } = await runAgentScript(required, { ANTHROPIC_BASE_URL: 'llm.internal' });
    expect(stderr).toContain('ANTHROPIC_BASE_URL is not valid');
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
