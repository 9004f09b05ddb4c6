import type { AgentCli } from '@nightcrier/core/settings/config';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { providerFailure } from '../provider-failure.ts';
import { readAgentStream, type AgentStream } from './read-agent-stream.ts';

const MB = 1024 * 1024;

const answer = (id: string) => ({
  type: 'assistant',
  message: {
    id,
    usage: { input_tokens: 400, cache_read_input_tokens: 800, cache_creation_input_tokens: 100, output_tokens: 5 },
    content: [{ type: 'tool_use', name: 'Bash' }],
  },
});

/** Reads a stream whose lines are these; objects are events. */
async function read(
  agent: AgentCli,
  lines: (object | string | Buffer)[],
  prices = {},
  model?: string,
): Promise<AgentStream> {
  const logs = await mkdtemp(path.join(tmpdir(), 'stream-'));
  onTestFinished(() => rm(logs, { recursive: true }));
  const bytes = lines.map((line) =>
    Buffer.isBuffer(line) ? line : Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)),
  );
  await writeFile(
    path.join(logs, 'agent-stdout.log'),
    Buffer.concat(bytes.flatMap((line) => [line, Buffer.from('\n')])),
  );
  return readAgentStream(logs, { agent, prices, model });
}

it('counts the usage of an agent that was cut off before it reported a sum', async () => {
  const { usage } = await read('claude', [{ type: 'system', model: 'm' }, answer('a'), answer('a'), answer('b')], {
    m: { input: 1, cached_input: 0.5, output: 10 },
  });
  expect(usage).toMatchObject({ turns: 2, tool_calls: 3, input_tokens: 2600, cached_input_tokens: 1600 });
  expect(usage).toMatchObject({ cost_source: 'price table', cost_usd: (1000 * 1 + 1600 * 0.5 + 10 * 10) / 1e6 });
});

it('uses the figures that the CLI reports', async () => {
  const result = {
    type: 'result',
    is_error: false,
    num_turns: 3,
    total_cost_usd: 0.25,
    usage: { input_tokens: 7, output_tokens: 9 },
    permission_denials: [{}],
  };
  const { usage, failure } = await read('claude', [answer('a'), result], { claude: { input: 1, output: 1 } });
  expect(usage).toMatchObject({ turns: 3, denials: 1, input_tokens: 7, output_tokens: 9, cost_usd: 0.25 });
  expect(usage.cost_source).toBe('cli');
  expect(failure).toBeUndefined();
});

const CODEX_DONE = {
  type: 'turn.completed',
  usage: { input_tokens: 1_000_000, cached_input_tokens: 400_000, output_tokens: 100_000 },
};

it.each([
  ['its model', { 'gpt-x': { input: 2, cached_input: 0.2, output: 10 } }, 1.2 + 0.08 + 1],
  ['its agent, where no price of the model is there', { codex: { input: 2, output: 10 } }, 2 + 1],
])('asks the price table for %s', async (_, prices, cost) => {
  const { usage } = await read('codex', [CODEX_DONE], prices, 'gpt-x');
  expect(usage.cost_usd).toBeCloseTo(cost);
  expect(usage).toMatchObject({ cost_source: 'price table', unpriced_tokens: 0 });
});

it('counts tokens without a price', async () => {
  const { usage } = await read('codex', [CODEX_DONE], { other: { input: 1, output: 1 } });
  expect(usage).toMatchObject({ cost_usd: 0, unpriced_tokens: 1_100_000 });
  expect(usage).not.toHaveProperty('cost_source');
});

it('reads goose', async () => {
  const piece = (id: string, type: string) => ({
    type: 'message',
    message: { id, role: 'assistant', content: [{ type }] },
  });
  const { usage, failure } = await read('goose', [
    piece('1', 'text'),
    piece('1', 'toolRequest'),
    { type: 'message', message: { id: '2', role: 'user', content: [{ type: 'toolResponse' }] } },
    piece('3', 'text'),
    { type: 'error', error: 'rate limit' },
    { type: 'complete', total_tokens: 15, input_tokens: 10, output_tokens: 5 },
  ]);
  expect(usage).toMatchObject({ turns: 2, tool_calls: 1, input_tokens: 10, output_tokens: 5 });
  expect(failure?.message).toBe('rate limit');
  expect((await read('goose', [{ type: 'complete', total_tokens: 15 }])).usage.input_tokens).toBe(15);
});

it('counts a line of 10 MB, binary garbage and unknown events as unreadable', async () => {
  const garbage = Buffer.from(
    Array.from({ length: 5_000 }, (_, at) => (at * 7919) % 256).filter((byte) => byte !== 10),
  );
  const { usage } = await read('codex', [
    'x'.repeat(10 * MB),
    garbage,
    '{"type":"turn.completed","usage":{"input_tokens":-1e400}}',
    { type: 'turn.completed', usage: { input_tokens: 1e300, output_tokens: 'many' } },
    { type: '__proto__' },
    '[]',
    'null',
    '',
    CODEX_DONE,
  ]);
  expect(usage).toMatchObject({ input_tokens: 1_000_000, output_tokens: 100_000, unreadable_lines: 4 });
});

it('reads no more than the limit of a log', async () => {
  const line = Buffer.from(`${'y'.repeat(1023)}\n`.repeat(65 * 1024));
  const { usage } = await read('codex', [line, CODEX_DONE]);
  expect(usage).toMatchObject({ input_tokens: 0, unreadable_lines: 64 * 1024 + 1 });
});

it('reports no usage without a log', async () => {
  const { usage, failure } = await readAgentStream('/nowhere', { agent: 'claude', prices: {} });
  expect(usage).toMatchObject({ turns: 0, input_tokens: 0, cost_usd: 0 });
  expect(failure).toBeUndefined();
});

it.each([
  [
    'a quota in the words of gemini',
    'gemini',
    { type: 'result', error: { message: 'Quota exceeded' } },
    'Quota exceeded',
  ],
  ['a bad request', 'codex', { type: 'turn.failed', error: { message: 'unexpected status 400' } }, undefined],
] as const)('tells %s from a failure of the provider', async (_, agent, event, expected) => {
  expect(providerFailure(await read(agent, [event]))).toBe(expected);
});
