import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readFlags, settingsOf } from './flags.ts';

let folder: string;
let required: string[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-by-hand-'));
  for (const file of ['incident.json', 'prompt-sent.md', 'kubeconfig']) await writeFile(path.join(folder, file), '{}');
  required = ['-w', folder, '--kubeconfig', path.join(folder, 'kubeconfig')];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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
  [['-w', '/proc'], "--workspace '/proc/incident.json' is not a readable file"],
  [['--colour', 'red'], "Unknown option '--colour'"],
  [['--agent'], "Option '--agent <value>' argument missing"],
  [['investigate'], "Unexpected argument 'investigate'"],
])('refuses %j by name and value', (flags, message) => {
  expect(() => readFlags([...required, ...flags])).toThrow(message);
});

it.each(['-w', '--kubeconfig'])('requires %s', (flag) => {
  expect(() => readFlags(required.toSpliced(required.indexOf(flag), 2))).toThrow(`${flag} `);
});

it('reads flags and environment into the settings of a worker', () => {
  const flags = readFlags([...required, '-m', 'sonnet', '--timeout', '90', '--allowed-tools', 'Read,Grep']);
  expect(flags).toMatchObject({ directory: folder, incidentId: path.basename(folder), attempt: '1' });
  if (flags === undefined) throw new Error('--help was not asked for');
  const environment = { ANTHROPIC_API_KEY: 'k', GOOGLE_GEMINI_BASE_URL: 'http://g', OPENAI_API_KEY: '' };
  expect(settingsOf(flags, environment)).toMatchObject({
    agent_cli: 'claude',
    agent_model: 'sonnet',
    agent_timeout: 90,
    agent_allowed_tools: ['Read', 'Grep'],
    google_gemini_base_url: 'http://g',
    openai_api_key: undefined,
  });
  expect(() => settingsOf(flags, { ANTHROPIC_BASE_URL: 'llm.internal' })).toThrow('ANTHROPIC_BASE_URL is not valid');
});
