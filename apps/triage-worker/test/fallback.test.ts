import { Settings } from '@nightcrier/core/settings/config';
import { access, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { harness } from './file-harness.ts';

const REFUSED = 'claude: Failed to authenticate. API Error: 401';
const REFUSALS = (...agents: string[]): object[] =>
  agents.map((agent) => ({ kind: 'provider_failed', agent, reason: 'Failed to authenticate. API Error: 401' }));

it("falls back to the next agent when the provider fails, with its own CLI's settings and the same evidence", async () => {
  const id = await harness.admit();
  const settings = { agent_fallback: ['codex', 'builtin'], agent_model: 'sonnet', agent_allowed_tools: ['Read'] };
  await harness.startWorker(harness.config(settings, { agent: 'provider-refuses-claude' }));

  expect(await harness.reaches(id, 'reported')).toMatchObject({
    agent: 'codex',
    attempts: 1,
    reason: `fallback to codex: ${REFUSED}`,
    agent_failures: REFUSALS('claude'),
    report: { root_cause: 'The stand-in cause.' },
  });
  const flags = await readFile(harness.workspace(id, 'flags-of-fallback.txt'), 'utf8');
  expect(flags).toContain('--agent codex');
  expect(flags).not.toMatch(/sonnet|--allowed-tools/);
  await access(harness.workspace(id, 'evidence/index.json'));
  // The first agent's output is archived, and is not taken for the second one's.
  expect(await readFile(harness.workspace(id, 'attempts/1/output/investigation.md'), 'utf8')).toBe('half a report\n');
});

it('sums the usage of all agents, those of retried attempts included', async () => {
  const id = await harness.admit();
  const prices = { codex: { input: 1, output: 10 } };
  const settings = { agent_fallback: ['codex'], agent_prices: prices };
  await harness.startWorker(harness.config(settings, { agent: 'uses-tokens' }));

  expect((await harness.reaches(id, 'reported')).usage).toMatchObject({
    // Twice claude, whose engine was unavailable at first, and once codex.
    turns: 2 + 2 + 1,
    input_tokens: 100 + 100 + 1_000,
    output_tokens: 10 + 10 + 100,
    cost_usd: 0.25 + 0.25 + 0.002,
    cost_source: 'price table',
  });
  const used = await harness.counters.readUsage();
  expect(used.find(({ agent }) => agent === 'claude')?.usage).toMatchObject({ turns: 4, cost_usd: 0.5 });
});

it('delivers the built-in report, marked as such, when every provider fails', async () => {
  const id = await harness.admit('image-pull-back-off');
  const settings = { agent_fallback: ['codex', 'gemini', 'builtin'] };
  await harness.startWorker(harness.config(settings, { agent: 'provider-refuses-all' }));

  const incident = await harness.reaches(id, 'reported');
  expect(incident).toMatchObject({
    agent: 'builtin',
    reason: expect.stringContaining(`fallback to builtin: ${REFUSED}`),
    agent_failures: REFUSALS('claude', 'codex', 'gemini'),
  });
  expect(incident.report?.root_cause).toMatch(/image/i);
  expect(await harness.incidents.report(id)).toMatch(
    /^> Written by the built-in analyser, by rules alone, because the agent failed: `claude: Failed/m,
  );
  const calls = await readFile(harness.workspace(id, 'calls.txt'), 'utf8');
  expect(calls.match(/--agent \w+/g)).toEqual(['--agent claude', '--agent codex', '--agent gemini']);
});

it('fails with the failures of all agents when every provider fails and no agent is left', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({ agent_fallback: ['codex'] }, { agent: 'provider-refuses-all' }));
  expect(await harness.reaches(id, 'agent_failed')).toMatchObject({
    reason: `${REFUSED}; codex: Failed to authenticate. API Error: 401`,
    agent_failures: REFUSALS('claude', 'codex'),
  });
});

it.each(['exits-3', 'writes-nothing', 'writes-too-little'])(
  'spends no second model on an agent that failed by itself, and delivers the built-in report: %s',
  async (agent) => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({ agent_fallback: ['codex', 'builtin'] }, { agent }));
    const incident = await harness.reaches(id, 'reported');
    expect(incident).toMatchObject({
      agent: 'builtin',
      reason: expect.stringContaining('fallback to builtin: claude'),
    });
    expect(incident.reason).not.toContain('codex');
  },
);

it('delivers the built-in report when attempts are used up and the engine is still unavailable', async () => {
  const id = await harness.admit('image-pull-back-off');
  const settings = { agent_fallback: ['codex', 'builtin'], max_attempts: 2 };
  await harness.startWorker(harness.config(settings, { agent: 'engine-unavailable' }));
  const unavailable = 'the container engine or the agent image is unavailable: the engine does not answer';
  const incident = await harness.reaches(id, 'reported');
  expect(incident).toMatchObject({
    agent: 'builtin',
    attempts: 2,
    reason: `fallback to builtin: claude: ${unavailable}`,
    agent_failures: [{ kind: 'unavailable', agent: 'claude', reason: unavailable }],
  });
  expect(incident.report?.root_cause).toMatch(/image/i);
  expect(await harness.incidents.report(id)).toContain(unavailable);
});

it.each([
  ['a script that cannot be run', { agent_script_path: '/nowhere/run-agent.sh' }],
  ['a key that cannot be read', { anthropic_api_key_file: '/nowhere/key' }],
])('delivers the built-in report at once, naming the cause, instead of %s', async (_, settings) => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({ agent_cli: 'claude', agent_fallback: ['builtin'], ...settings }));
  expect(await harness.reaches(id, 'reported')).toMatchObject({
    agent: 'builtin',
    attempts: 1,
    reason: expect.stringContaining(String(Object.values(settings)[0])),
  });
});

it('falls back to the built-in analyser by default', () => {
  expect(Settings.parse({}).agent_fallback).toEqual(['builtin']);
});

it('delivers no report without agent_fallback', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({}, { agent: 'provider-refuses-all' }));
  expect(await harness.reaches(id, 'agent_failed')).toMatchObject({ agent: 'claude' });
});
