import { Settings } from '@nightcrier/core/settings/config';
import { access, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { harness } from './file-harness.ts';

const REFUSED = 'claude: Failed to authenticate. API Error: 401';

it("lets the next agent take over when the provider fails, with its own CLI's settings and on the same evidence", async () => {
  const id = await harness.admit();
  const settings = { agent_fallback: ['codex', 'builtin'], agent_model: 'sonnet', agent_allowed_tools: ['Read'] };
  await harness.startWorker(harness.config(settings, { agent: 'provider-refuses-claude' }));

  expect(await harness.reaches(id, 'resolved')).toMatchObject({
    agent: 'codex',
    attempts: 1,
    reason: `codex took over: ${REFUSED}`,
    report: { root_cause: 'The stand-in cause.' },
  });
  const flags = await readFile(harness.workspace(id, 'flags-of-fallback.txt'), 'utf8');
  expect(flags).toContain('--agent codex');
  expect(flags).not.toMatch(/sonnet|--allowed-tools/);
  await access(harness.workspace(id, 'evidence/index.json'));
  // What the first agent left is kept, and does not pass for the second one's.
  expect(await readFile(harness.workspace(id, 'attempts/1/output/investigation.md'), 'utf8')).toBe('half a report\n');
});

it('sums what all agents have used, also those of an attempt that was retried', async () => {
  const id = await harness.admit();
  const prices = { codex: { input: 1, output: 10 } };
  const settings = { agent_fallback: ['codex'], agent_prices: prices };
  await harness.startWorker(harness.config(settings, { agent: 'uses-tokens' }));

  expect((await harness.reaches(id, 'resolved')).usage).toMatchObject({
    // Twice claude, whose engine was away at first, and once codex.
    turns: 2 + 2 + 1,
    input_tokens: 100 + 100 + 1_000,
    output_tokens: 10 + 10 + 100,
    cost_usd: 0.25 + 0.25 + 0.002,
    cost_source: 'price table',
  });
  const used = await harness.counters.readUsage();
  expect(used.find(({ agent }) => agent === 'claude')?.usage).toMatchObject({ turns: 4, cost_usd: 0.5 });
});

it('ends with the built-in report, marked as such, when every provider fails', async () => {
  const id = await harness.admit('image-pull-back-off');
  const settings = { agent_fallback: ['codex', 'gemini', 'builtin'] };
  await harness.startWorker(harness.config(settings, { agent: 'provider-refuses-all' }));

  const incident = await harness.reaches(id, 'resolved');
  expect(incident).toMatchObject({
    agent: 'builtin',
    reason: expect.stringContaining(`builtin took over: ${REFUSED}`),
  });
  expect(incident.report?.root_cause).toMatch(/image/i);
  expect(await harness.incidents.report(id)).toMatch(
    /^> Written by the built-in analyser, by rules alone, because the agent failed: `claude: Failed/m,
  );
  const calls = await readFile(harness.workspace(id, 'calls.txt'), 'utf8');
  expect(calls.match(/--agent \w+/g)).toEqual(['--agent claude', '--agent codex', '--agent gemini']);
});

it('has failed with every reason when the providers of all fail and nobody is left', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({ agent_fallback: ['codex'] }, { agent: 'provider-refuses-all' }));
  const { reason } = await harness.reaches(id, 'agent_failed');
  expect(reason).toBe(`${REFUSED}; codex: Failed to authenticate. API Error: 401`);
});

it.each(['exits-3', 'writes-nothing', 'writes-too-little'])(
  'spends no second model on an agent that failed by itself, and delivers the built-in report: %s',
  async (agent) => {
    const id = await harness.admit();
    await harness.startWorker(harness.config({ agent_fallback: ['codex', 'builtin'] }, { agent }));
    const incident = await harness.reaches(id, 'resolved');
    expect(incident).toMatchObject({ agent: 'builtin', reason: expect.stringContaining('builtin took over: claude') });
    expect(incident.reason).not.toContain('codex');
  },
);

it('has the built-in analyser report when attempts are used up and the engine is still away', async () => {
  const id = await harness.admit('image-pull-back-off');
  const settings = { agent_fallback: ['codex', 'builtin'], max_attempts: 2 };
  await harness.startWorker(harness.config(settings, { agent: 'engine-unavailable' }));
  const away = 'the container engine or the agent image is unavailable: the engine does not answer';
  const incident = await harness.reaches(id, 'resolved');
  expect(incident).toMatchObject({
    agent: 'builtin',
    attempts: 2,
    reason: `builtin took over: claude: gave up after 2 attempts: ${away}`,
  });
  expect(incident.report?.root_cause).toMatch(/image/i);
  expect(await harness.incidents.report(id)).toContain(away);
});

it.each([
  ['a script that cannot be run', { agent_script_path: '/nowhere/run-agent.sh' }],
  ['a key that cannot be read', { anthropic_api_key_file: '/nowhere/key' }],
])('has the built-in analyser report at once, naming the cause, in place of %s', async (_, settings) => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({ agent_cli: 'claude', agent_fallback: ['builtin'], ...settings }));
  expect(await harness.reaches(id, 'resolved')).toMatchObject({
    agent: 'builtin',
    attempts: 1,
    reason: expect.stringContaining(String(Object.values(settings)[0])),
  });
});

it('gives every incident a report unless it is told otherwise', () => {
  expect(Settings.parse({}).agent_fallback).toEqual(['builtin']);
});

it('leaves a failure alone without agent_fallback', async () => {
  const id = await harness.admit();
  await harness.startWorker(harness.config({}, { agent: 'provider-refuses-all' }));
  expect(await harness.reaches(id, 'agent_failed')).toMatchObject({ agent: 'claude' });
});
