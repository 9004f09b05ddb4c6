import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { toolOutputs } from './tool-output.ts';

async function read(...lines: (object | string)[]): Promise<string[]> {
  const logs = await mkdtemp(path.join(tmpdir(), 'tool-output-'));
  onTestFinished(() => rm(logs, { recursive: true }));
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  await writeFile(path.join(logs, 'agent-stdout.log'), text);
  const outputs: string[] = [];
  for await (const output of toolOutputs(logs)) outputs.push(output);
  return outputs;
}

const claude = (...content: object[]) => ({ type: 'user', message: { role: 'user', content } });

it.each([
  ['claude', claude({ type: 'tool_result', tool_use_id: 'a', content: 'NAME READY' }), ['NAME READY']],
  ['claude', claude({ type: 'tool_result', content: [{ type: 'text', text: 'a' }, { type: 'image' }] }), ['a', '']],
  ['codex', { type: 'item.completed', item: { type: 'command_execution', aggregated_output: 'out\n' } }, ['out\n']],
  ['codex', { type: 'item.completed', item: { type: 'mcp_tool_call', result: { content: [{ text: 'b' }] } } }, ['b']],
  ['gemini', { type: 'tool_result', tool_id: 't', status: 'success', output: 'c' }, ['c']],
  [
    'goose',
    {
      type: 'message',
      message: {
        role: 'user',
        content: [{ type: 'toolResponse', toolResult: { status: 'success', value: [{ type: 'text', text: 'd' }] } }],
      },
    },
    ['d'],
  ],
])('reads what the tools of %s gave', async (_, event, expected) => {
  expect(await read('no event', event, '[]')).toEqual(expected);
});

it('does not take text of the model for output', async () => {
  const text = { type: 'text', text: 'I saw OOMKilled' };
  expect(
    await read(
      { type: 'assistant', message: { content: [text, { type: 'tool_use', input: { command: 'echo OOMKilled' } }] } },
      claude(text),
      { type: 'item.completed', item: { type: 'agent_message', text: 'OOMKilled' } },
      { type: 'message', role: 'assistant', content: 'OOMKilled' },
    ),
  ).toEqual([]);
});
