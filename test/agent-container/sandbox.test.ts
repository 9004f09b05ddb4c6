import { execa } from 'execa';
import { access, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { createAgentNetwork, type AgentNetwork } from '../fixtures/agent-network.ts';
import { startStubLlm, type StubLlm } from '../fixtures/stub-llm.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';
import { containerExists, inspectRunning, KEYS, startAttempt, Workspace } from './attempt.ts';

const why = await whyNoDocker();
type Attempt = ReturnType<typeof startAttempt>;

const HANGS: Step[] = [{ text: 'too late', delayMs: 600_000 }];

/** The parts of `docker inspect` that define the sandbox. */
interface Inspection {
  Config: { Labels: Record<string, string>; User: string };
  HostConfig: Record<string, unknown>;
  Mounts: { Type: string; Destination: string; RW: boolean }[];
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
      { timeout: 20_000, interval: 100 },
    );
  }

  it('is locked down, labelled and free of keys while the agent runs, and gone after SIGTERM', async () => {
    const world = await scripted(HANGS);
    const limits = ['--memory', '1g', '--cpus', '1.5', '--timeout', '90', '--label', 'nightcrier.worker=w1'];
    const attempt = startAttempt(workspace, { ...world, agent: 'claude', flags: limits });
    const raw = await running();
    const [inspection]: [Inspection] = JSON.parse(raw);
    const processes = await execa('ps', ['-eo', 'args']);

    expect(inspection.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 512,
      Memory: 2 ** 30,
      MemorySwap: 2 ** 30,
      NanoCpus: 1.5e9,
      Init: true,
      AutoRemove: false,
      Privileged: false,
      NetworkMode: network.name,
    });
    expect(inspection.Config.User).toBe('1000:1000');
    expect(inspection.Config.Labels).toMatchObject({
      'nightcrier.component': 'agent',
      'nightcrier.attempt': '1',
      'nightcrier.worker': 'w1',
    });
    const untilDeadline = Number(inspection.Config.Labels['nightcrier.deadline']) - Date.now() / 1000;
    expect(untilDeadline).toBeGreaterThan(0);
    expect(untilDeadline).toBeLessThanOrEqual(90);
    const writable = inspection.Mounts.filter((mount) => mount.RW).map((mount) => mount.Destination);
    expect(writable).toEqual(['/home/agent/output']);
    for (const key of Object.values(KEYS)) {
      expect(raw).not.toContain(key);
      expect(processes.stdout).not.toContain(key);
    }
    // The agent has read its key, so no file contains it any more.
    expect(stub?.requests.at(-1)?.apiKey).toBe(KEYS.ANTHROPIC_API_KEY);
    expect(await workspace.staged('kubeconfig')).toBeDefined();
    await expect.poll(() => workspace.staged('secrets/ANTHROPIC_API_KEY'), { timeout: 10_000 }).toBeUndefined();

    attempt.kill('SIGTERM');
    const { exitCode, durationMs } = await attempt;
    expect(exitCode).toBe(143);
    expect(durationMs).toBeLessThan(60_000);
    expect(await containerExists(workspace.container)).toBe(false);
    expect(await workspace.end()).toMatchObject({ reason: 'stopped' });
    expect(await workspace.staged('kubeconfig')).toBeUndefined();
  });

  it('lets the agent write to its output directory and to none of its inputs', async () => {
    // codex, because it runs any command of its model: only the container restricts it.
    const world = await scripted([
      { shell: 'touch /outside; echo $?' },
      { shell: 'echo changed >> incident.json; echo changed >> .kube/config; touch evidence/x /run/secrets/x' },
      { shell: 'cat /run/secrets/* ; env' },
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
    expect(log).toContain("cannot touch '/run/secrets/x'");
    expect(log).not.toContain(KEYS.OPENAI_API_KEY);
    expect(await workspace.read('incident.json')).toBe('{"faultType":"CrashLoopBackOff"}');
    expect(await workspace.read('kubeconfig')).toBe(before);
    expect((await workspace.read('output/investigation.md'))?.trim()).toBe('written');
  });

  it('with --wait, reads nothing of its workspace before a line comes on stdin', async () => {
    const steps: Step[] = [{ shell: 'cat incident.json evidence/late.txt' }, { text: 'Done.' }];
    const attempt = startAttempt(workspace, { ...(await scripted(steps)), agent: 'claude', flags: ['--wait'] });
    const change = (file: string, text: string): Promise<void> => writeFile(path.join(workspace.path, file), text);
    await rm(path.join(workspace.path, 'incident.json'));
    // Created before it waits, and last.
    await vi.waitFor(() => access(path.join(workspace.path, 'output')), { timeout: 10_000 });
    await change('evidence/late.txt', 'it was late');
    await change('incident.json', '{"faultType":"Late"}');
    attempt.stdin.end('ready\n');

    expect((await attempt).exitCode).toBe(0);
    const log = await workspace.read('logs/agent-stdout.log');
    expect(log).toContain('it was late');
    expect(log).toContain('{\\"faultType\\":\\"Late\\"}');
  });

  it.each([
    ['stdin ends without a line', (attempt: Attempt) => attempt.stdin.end(), 69, '--wait: stdin ended without a line'],
    ['it receives SIGTERM', (attempt: Attempt) => attempt.kill('SIGTERM'), 143, ''],
  ])('with --wait, starts no container when %s', async (_, end, expected, message) => {
    const attempt = startAttempt(workspace, { ...(await scripted(HANGS)), agent: 'claude', flags: ['--wait'] });
    await vi.waitFor(() => access(path.join(workspace.path, 'logs')), { timeout: 10_000 });
    end(attempt);
    const { exitCode, stderr } = await attempt;
    expect(exitCode).toBe(expected);
    expect(stderr).toContain(message);
    expect(await containerExists(workspace.container)).toBe(false);
    expect(stub?.requests).toEqual([]);
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
      .poll(() => workspace.read('logs/agent-stdout.log'), { timeout: 20_000 })
      .toContain('{\\"faultType\\":\\"CrashLoopBackOff\\"}');

    expect(await inspectRunning(workspace.container)).toBeDefined();
    attempt.kill('SIGTERM');
    await attempt;
  });

  it('replaces the orphaned container of a killed run of the same attempt', async () => {
    const flags = ['--timeout', '20'];
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
    const { exitCode, stderr } = await startAttempt(workspace, { ...world, agent: 'claude' });
    expect(stderr).toContain(`removing the container that an earlier run of this attempt left: ${workspace.container}`);
    expect(exitCode).toBe(0);
    expect(await workspace.read('output/investigation.md')).toBe('second');
    expect(await containerExists(workspace.container)).toBe(false);
  });
});
