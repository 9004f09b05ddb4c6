import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolOutputs } from '../../apps/triage-worker/src/agent/stream/tool-output.ts';
import { readAgentStream } from '../../apps/triage-worker/src/agent/stream/read-agent-stream.ts';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';
import { containerExists, KEYS, startAttempt, Workspace, type Agent } from './attempt.ts';
import { useAgentContainer } from './use-agent-container.ts';

const why = await whyNoDocker();
const AGENTS: [Agent, string][] = [
  ['claude', KEYS.ANTHROPIC_API_KEY],
  ['codex', KEYS.OPENAI_API_KEY],
  ['gemini', KEYS.GEMINI_API_KEY],
];
const REPORT = '# Pod web-1 crashes\n\n## Root Cause\nThe ConfigMap is missing.\n\nConfidence: 90%\n';
const WRITES_REPORT: Step[] = [
  { shell: 'cat incident.json' },
  { write: { path: 'output/investigation.md', content: REPORT } },
  { text: 'Report written.' },
];

describe.skipIf(why)(`an investigation by a real CLI${why ? ` (skipped: ${why})` : ''}`, () => {
  const suite = useAgentContainer();

  it.each(AGENTS)('%s writes its report and leaves no container', async (agent, key) => {
    const world = await suite.scripted(WRITES_REPORT);
    const { exitCode, stderr } = await startAttempt(suite.workspace, { ...world, agent });

    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect((await suite.workspace.read('output/investigation.md'))?.trim()).toBe(REPORT.trim());
    expect(await containerExists(suite.workspace.container)).toBe(false);
    expect(await suite.workspace.end()).toMatchObject({ reason: 'exited', exit_code: 0, oom_killed: false, agent });
    const outputs: string[] = [];
    for await (const output of toolOutputs(join(suite.workspace.path, 'logs'))) outputs.push(output);
    expect(outputs.join('\n')).toContain('CrashLoopBackOff');
    expect(outputs.join('\n')).not.toContain('The ConfigMap is missing');
    expect(
      suite.stub?.requests.filter((request) => request.method === 'POST').map((request) => request.apiKey),
    ).toContain(key);
  });

  it.each(AGENTS)('%s fails without a report when the API refuses', async (agent) => {
    const world = await suite.scripted([{ status: 400 }]);
    const { exitCode } = await startAttempt(suite.workspace, { ...world, agent });

    expect(exitCode).not.toBe(0);
    expect(await suite.workspace.read('output/investigation.md')).toBeUndefined();
    expect(await containerExists(suite.workspace.container)).toBe(false);
  });

  it.each(AGENTS)('%s can list pods and cannot delete one', async (agent) => {
    const world = await suite.scripted([
      { shell: 'kubectl get pods' },
      { shell: 'kubectl delete pod web-1' },
      { shell: 'kubectl get pods; kubectl delete pod web-2' },
      { text: 'Tried.' },
    ]);
    const target = await Workspace.create({ apiServer: world.llmUrl });
    try {
      await startAttempt(target, { ...world, agent });
    } finally {
      await target.remove();
    }

    const toCluster = suite.stub?.requests.filter((request) => request.path.startsWith('/api')) ?? [];
    expect(toCluster.map((request) => request.method)).toContain('GET');
    expect(toCluster.map((request) => request.method)).not.toContain('DELETE');
    expect(suite.stub?.requests.map((request) => request.toolResults)).toContain(3);
  });

  it.each<[Agent, object]>([
    [
      'claude',
      { turns: 4, tool_calls: 3, denials: 1, input_tokens: 4800, cached_input_tokens: 3200, cost_source: 'cli' },
    ],
    ['codex', { turns: 1, tool_calls: 2, denials: 1, input_tokens: 4800, cost_source: 'price table' }],
    ['gemini', { turns: 4, tool_calls: 3, denials: 1, input_tokens: 4800, cost_source: 'price table' }],
  ])('%s says what it has used', async (agent, used) => {
    const world = await suite.scripted([
      { shell: 'cat incident.json' },
      { shell: 'kubectl delete pod web-1' },
      { write: { path: 'output/investigation.md', content: REPORT } },
      { text: 'Report written.' },
    ]);
    await startAttempt(suite.workspace, { ...world, agent });
    const prices = { scripted: { input: 1, cached_input: 0.1, output: 10 } };
    const { usage } = await readAgentStream(join(suite.workspace.path, 'logs'), { agent, model: 'scripted', prices });

    expect(usage).toMatchObject({ output_tokens: 136, unreadable_lines: 0, unpriced_tokens: 0, ...used });
    const byTable = (1600 * 1 + 3200 * 0.1 + 136 * 10) / 1e6;
    expect(usage.cost_usd).toBeCloseTo(agent === 'claude' ? 0.013 : byTable);
  });

  it('reads evidence that only the owner of the workspace could read', async () => {
    const world = await suite.scripted([
      { shell: 'cat evidence/pod.txt incident_cluster_permissions.json' },
      { text: 'Read.' },
    ]);
    await startAttempt(suite.workspace, { ...world, agent: 'claude' });

    expect(await suite.workspace.read('logs/agent-stdout.log')).toContain('restarts: 7');
    expect(await suite.workspace.read('logs/agent-stdout.log')).toContain('can_get_pods');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'works for a caller who is neither root nor the container user (needs root)',
    async () => {
      const world = await suite.scripted(WRITES_REPORT);
      const { gid } = await stat('/var/run/docker.sock');
      const own = await Workspace.create({ owner: 4242 });
      try {
        const result = await startAttempt(own, { ...world, agent: 'claude', as: { uid: 4242, gid } });
        expect(result.stderr).toBe('');
        expect(result.exitCode).toBe(0);
        expect((await own.read('output/investigation.md'))?.trim()).toBe(REPORT.trim());
        expect((await stat(join(own.path, 'output/investigation.md'))).uid).toBe(4242);
      } finally {
        await own.remove();
      }
    },
  );

  it('does not take the report of an earlier attempt for this one', async () => {
    await startAttempt(suite.workspace, { ...(await suite.scripted(WRITES_REPORT)), agent: 'claude' });
    await suite.stub?.stop();
    await startAttempt(suite.workspace, { ...(await suite.scripted([{ text: 'Nothing to do.' }])), agent: 'claude' });

    expect(await suite.workspace.read('output/investigation.md')).toBeUndefined();
    expect((await suite.workspace.read('output/investigation.previous.md'))?.trim()).toBe(REPORT.trim());
  });

  it('reports how to include goose if the image has none', async () => {
    const world = await suite.scripted([{ text: 'never asked' }]);
    const { exitCode } = await startAttempt(suite.workspace, { ...world, agent: 'goose' });

    expect(exitCode).toBe(127);
    expect(await suite.workspace.read('logs/agent-stderr.log')).toContain('--build-arg GOOSE_RELEASE_URL=');
  });
});
