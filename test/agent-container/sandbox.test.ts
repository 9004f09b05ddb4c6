import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';
import { containerExists, inspectRunning, KEYS, startAttempt } from './attempt.ts';
import { useAgentContainer } from './use-agent-container.ts';

const why = await whyNoDocker();

const HANGS: Step[] = [{ text: 'too late', delayMs: 600_000 }];

/** The parts of `docker inspect` that define the sandbox. */
interface Inspection {
  Config: { Labels: Record<string, string>; User: string };
  HostConfig: Record<string, unknown>;
  Mounts: { Type: string; Destination: string; Name: string }[];
}

describe.skipIf(why)(`the sandbox of an agent${why ? ` (skipped: ${why})` : ''}`, () => {
  const suite = useAgentContainer();

  /** Waits until the agent has called its model, so its setup is complete. */
  async function running(): Promise<string> {
    return vi.waitFor(
      async () => {
        expect(suite.stub?.requests.some((request) => request.method === 'POST')).toBe(true);
        const inspection = await inspectRunning(suite.workspace.container);
        expect(inspection).toBeDefined();
        return inspection ?? '';
      },
      { timeout: 90_000, interval: 100 },
    );
  }

  it('is locked down, labelled and free of keys while the agent runs, and gone after SIGTERM', async () => {
    const world = await suite.scripted(HANGS);
    const limits = ['--memory', '1g', '--cpus', '1.5', '--timeout', '90'];
    const attempt = startAttempt(suite.workspace, { ...world, agent: 'claude', flags: limits });
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
      NetworkMode: suite.network.name,
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
    expect(suite.stub?.requests.at(-1)?.apiKey).toBe(KEYS.ANTHROPIC_API_KEY);
    const { stdout: secrets } = await execa('docker', [
      'exec',
      suite.workspace.container,
      'ls',
      '/home/agent/.secrets',
    ]);
    expect(secrets).toBe('');

    attempt.kill('SIGTERM');
    const { exitCode } = await attempt;
    expect(exitCode).toBe(143);
    expect(await containerExists(suite.workspace.container)).toBe(false);
    expect(await suite.workspace.end()).toMatchObject({ reason: 'stopped' });
    const { stdout: volumes } = await execa('docker', ['volume', 'ls', '--quiet']);
    for (const { Name } of inspection.Mounts) expect(volumes).not.toContain(Name);
  });

  it('lets the agent write to its output directory and to none of its inputs', async () => {
    // codex, because it runs any command of its model: only the container restricts it.
    const world = await suite.scripted([
      { shell: 'touch /outside; echo $?' },
      { shell: 'echo changed >> incident.json; echo changed >> .kube/config; touch evidence/x x; rm incident.json' },
      { shell: 'cat .secrets/* ; env' },
      { write: { path: 'output/investigation.md', content: 'written' } },
      { text: 'Done.' },
    ]);
    const before = await suite.workspace.read('kubeconfig');
    await startAttempt(suite.workspace, { ...world, agent: 'codex' });

    const log = (await suite.workspace.read('logs/agent-stdout.log')) ?? '';
    expect(log).toContain("cannot touch '/outside': Read-only file system");
    expect(log).toContain('incident.json: Permission denied');
    expect(log).toContain('.kube/config: Permission denied');
    expect(log).toContain("cannot touch 'evidence/x'");
    expect(log).toContain("cannot touch 'x'");
    expect(log).not.toContain(KEYS.OPENAI_API_KEY);
    expect(await suite.workspace.read('incident.json')).toBe('{"faultType":"CrashLoopBackOff"}');
    expect(await suite.workspace.read('kubeconfig')).toBe(before);
    expect((await suite.workspace.read('output/investigation.md'))?.trim()).toBe('written');
  });

  it('stops an agent whose model hangs at the deadline', async () => {
    const world = await suite.scripted(HANGS);
    const { exitCode } = await startAttempt(suite.workspace, { ...world, agent: 'claude', flags: ['--timeout', '3'] });

    expect(exitCode).toBe(124);
    expect(await containerExists(suite.workspace.container)).toBe(false);
    expect(await suite.workspace.end()).toMatchObject({ reason: 'timeout', exit_code: 124 });
  });

  it('reports an agent that runs out of memory', async () => {
    const world = await suite.scripted(HANGS);
    const { exitCode } = await startAttempt(suite.workspace, { ...world, agent: 'claude', flags: ['--memory', '48m'] });

    expect(exitCode).toBe(137);
    expect(await suite.workspace.end()).toMatchObject({ reason: 'oom', oom_killed: true });
    expect(await containerExists(suite.workspace.container)).toBe(false);
  });

  it('writes the agent’s output while it still runs', async () => {
    const world = await suite.scripted([{ shell: 'cat incident.json' }, { text: 'too late', delayMs: 600_000 }]);
    const attempt = startAttempt(suite.workspace, { ...world, agent: 'claude' });
    await running();
    await expect
      .poll(() => suite.workspace.read('logs/agent-stdout.log'), { timeout: 60_000 })
      .toContain('{\\"faultType\\":\\"CrashLoopBackOff\\"}');

    expect(await inspectRunning(suite.workspace.container)).toBeDefined();
    attempt.kill('SIGTERM');
    await attempt;
  });

  it('replaces the orphaned container of a killed run of the same attempt', async () => {
    const flags = ['--timeout', '120'];
    const abandoned = startAttempt(suite.workspace, { ...(await suite.scripted(HANGS)), agent: 'claude', flags });
    await running();
    abandoned.kill('SIGKILL');
    await abandoned;
    expect(await containerExists(suite.workspace.container)).toBe(true);

    await suite.stub?.stop();
    const world = await suite.scripted([
      { write: { path: 'output/investigation.md', content: 'second' } },
      { text: 'Done.' },
    ]);
    const { exitCode } = await startAttempt(suite.workspace, { ...world, agent: 'claude' });
    expect(exitCode).toBe(0);
    expect(await suite.workspace.read('output/investigation.md')).toBe('second');
    expect(await containerExists(suite.workspace.container)).toBe(false);
  });
});
