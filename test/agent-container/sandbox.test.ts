import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { createAgentNetwork, type AgentNetwork } from '../fixtures/agent-network.ts';
import { startStubLlm, type StubLlm } from '../fixtures/stub-llm.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';
import { containerExists, inspectRunning, KEYS, startAttempt, Workspace } from './attempt.ts';

const why = await whyNoDocker();

const HANGS: Step[] = [{ text: 'too late', delayMs: 600_000 }];

/** The parts of `docker inspect` that define the sandbox. */
interface Inspection {
  Config: { Labels: Record<string, string>; User: string };
  HostConfig: Record<string, unknown>;
  Mounts: { Type: string; Destination: string; Name: string }[];
}

describe.skipIf(why)(`the sandbox of an agent${why ? ` (skipped: ${why})` : ''}`, () => {
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
  });

  async function scripted(steps: Step[]): Promise<{ image: string; network: string; llmUrl: string }> {
    stub = await startStubLlm({ host: network.gateway, steps });
    return { image, network: network.name, llmUrl: stub.url };
  }

  /** Waits until the agent has called its model, so its setup is complete. */
  async function running(): Promise<string> {
    return vi.waitFor(
      async () => {
        expect(stub?.requests.some((request) => request.method === 'POST')).toBe(true);
        const inspection = await inspectRunning(workspace.container);
        expect(inspection).toBeDefined();
        return inspection ?? '';
      },
      { timeout: 90_000, interval: 100 },
    );
  }

  it('is locked down, labelled and free of keys while the agent runs, and gone after SIGTERM', async () => {
    const world = await scripted(HANGS);
    const limits = ['--memory', '1g', '--cpus', '1.5', '--timeout', '90'];
    const attempt = startAttempt(workspace, { ...world, agent: 'claude', flags: limits });
    const raw = await running();
    const [inspection]: [Inspection] = JSON.parse(raw);
    const processes = await execa('ps', ['-eo', 'args']);

    expect(inspection.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', expect.stringMatching(/^seccomp=\{/)],
      PidsLimit: 512,
      Memory: 2 ** 30,
      MemorySwap: 2 ** 30,
      NanoCpus: 1.5e9,
      AutoRemove: false,
      Privileged: false,
      NetworkMode: network.name,
    });
    expect(inspection.Config.User).toBe('1000:1000');
    expect(inspection.Config.Labels).toMatchObject({
      'nightcrier.component': 'agent',
      'nightcrier.attempt': '1',
      'nightcrier.timeout': '90',
    });
    const untilDeadline = Number(inspection.Config.Labels['nightcrier.deadline']) - Date.now() / 1000;
    expect(untilDeadline).toBeGreaterThan(0);
    // No path of the host: the volumes are the container's own.
    const mounts = inspection.Mounts.map(({ Type, Destination }) => `${Type} ${Destination}`);
    expect(mounts.toSorted()).toEqual(['volume /home/agent', 'volume /home/agent/output']);
    for (const key of Object.values(KEYS)) {
      expect(raw).not.toContain(key);
      expect(processes.stdout).not.toContain(key);
    }
    // The agent has read its key, so no file contains it any more.
    expect(stub?.requests.at(-1)?.apiKey).toBe(KEYS.ANTHROPIC_API_KEY);
    const { stdout: secrets } = await execa('docker', ['exec', workspace.container, 'ls', '/home/agent/.secrets']);
    expect(secrets).toBe('');

    attempt.kill('SIGTERM');
    const { exitCode } = await attempt;
    expect(exitCode).toBe(143);
    expect(await containerExists(workspace.container)).toBe(false);
    expect(await workspace.end()).toMatchObject({ reason: 'stopped' });
    const { stdout: volumes } = await execa('docker', ['volume', 'ls', '--quiet']);
    for (const { Name } of inspection.Mounts) expect(volumes).not.toContain(Name);
  });

  it('lets the agent write to its output directory and to none of its inputs', async () => {
    // codex, because it runs any command of its model: only the container restricts it.
    const world = await scripted([
      { shell: 'touch /outside; echo $?' },
      { shell: 'echo changed >> incident.json; echo changed >> .kube/config; touch evidence/x x; rm incident.json' },
      { shell: 'cat .secrets/* ; env' },
      { write: { path: 'output/investigation.md', content: 'written' } },
      { text: 'Done.' },
    ]);
    const before = await workspace.read('kubeconfig');
    await startAttempt(workspace, { ...world, agent: 'codex' });

    const log = (await workspace.read('logs/agent-stdout.log')) ?? '';
    expect(log).toContain("cannot touch '/outside': Read-only file system");
    expect(log).toContain('incident.json: Permission denied');
    expect(log).toContain('.kube/config: Permission denied');
    expect(log).toContain("cannot touch 'evidence/x'");
    expect(log).toContain("cannot touch 'x'");
    expect(log).not.toContain(KEYS.OPENAI_API_KEY);
    expect(await workspace.read('incident.json')).toBe('{"faultType":"CrashLoopBackOff"}');
    expect(await workspace.read('kubeconfig')).toBe(before);
    expect((await workspace.read('output/investigation.md'))?.trim()).toBe('written');
  });

  it('stops an agent whose model hangs at the deadline', async () => {
    const world = await scripted(HANGS);
    const { exitCode } = await startAttempt(workspace, { ...world, agent: 'claude', flags: ['--timeout', '3'] });

    expect(exitCode).toBe(124);
    expect(await containerExists(workspace.container)).toBe(false);
    expect(await workspace.end()).toMatchObject({ reason: 'timeout', exit_code: 124 });
  });

  it('reports an agent that runs out of memory', async () => {
    const world = await scripted(HANGS);
    const { exitCode } = await startAttempt(workspace, { ...world, agent: 'claude', flags: ['--memory', '48m'] });

    expect(exitCode).toBe(137);
    expect(await workspace.end()).toMatchObject({ reason: 'oom', oom_killed: true });
    expect(await containerExists(workspace.container)).toBe(false);
  });

  it('writes the agent’s output while it still runs', async () => {
    const world = await scripted([{ shell: 'cat incident.json' }, { text: 'too late', delayMs: 600_000 }]);
    const attempt = startAttempt(workspace, { ...world, agent: 'claude' });
    await running();
    await expect
      .poll(() => workspace.read('logs/agent-stdout.log'), { timeout: 60_000 })
      .toContain('{\\"faultType\\":\\"CrashLoopBackOff\\"}');

    expect(await inspectRunning(workspace.container)).toBeDefined();
    attempt.kill('SIGTERM');
    await attempt;
  });

  it('replaces the orphaned container of a killed run of the same attempt', async () => {
    const flags = ['--timeout', '120'];
    const abandoned = startAttempt(workspace, { ...(await scripted(HANGS)), agent: 'claude', flags });
    await running();
    abandoned.kill('SIGKILL');
    await abandoned;
    expect(await containerExists(workspace.container)).toBe(true);

    await stub?.stop();
    const world = await scripted([
      { write: { path: 'output/investigation.md', content: 'second' } },
      { text: 'Done.' },
    ]);
    const { exitCode } = await startAttempt(workspace, { ...world, agent: 'claude' });
    expect(exitCode).toBe(0);
    expect(await workspace.read('output/investigation.md')).toBe('second');
    expect(await containerExists(workspace.container)).toBe(false);
  });
});
