import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const cli = path.join(import.meta.dirname, '../src/main.ts');
const nightcrier = (...args: string[]) =>
  execa(process.execPath, [cli, ...args], {
    reject: false,
    cwd: folder,
    env: { PATH: process.env.PATH },
    extendEnv: false,
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-validate-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('nightcrier validate', () => {
  test('reports six different mistakes in one run, each with its line, and exits 1', async () => {
    await writeFile(
      path.join(folder, 'bad.yaml'),
      [
        'agnt_cli: claude',
        'mcp_endpoint: http://legacy',
        'clusters:',
        '  - name: west',
        '    mcp: { endpoint: "http://west" }',
        '  - name: west',
        '    mcp: { endpoint: "west:8080" }',
        '  - name: east',
        '    mcp: {}',
        '    triage: { enabled: true, kubeconfig: missing.kubeconfig }',
      ].join('\n'),
    );
    const { exitCode, stderr } = await nightcrier('validate', 'bad.yaml');
    expect(exitCode).toBe(1);
    const lines = stderr.split('\n').map((line) => line.trim());
    expect(lines[0]).toBe('bad.yaml: 6 problems');
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^bad\.yaml:1:1: unknown key "agnt_cli"; did you mean "agent_cli"\?$/),
      expect.stringMatching(/^bad\.yaml:2:1: mcp_endpoint and clusters cannot both be set/),
      expect.stringMatching(/^bad\.yaml:6:5: duplicate cluster name: west/),
      expect.stringMatching(/^bad\.yaml:7:12: cluster west: mcp\.endpoint: must be an http/),
      expect.stringMatching(/^bad\.yaml:9:5: cluster east: mcp\.endpoint is required/),
      expect.stringMatching(/^bad\.yaml:10:30: cluster east: kubeconfig missing\.kubeconfig is not a readable file/),
    ]);
  });

  test('reports mistakes in who is told, each with its line and column, and no secret', async () => {
    await writeFile(
      path.join(folder, 'untold.yaml'),
      [
        'clusters:',
        '  - { name: west, mcp: { endpoint: "http://west" } }',
        'slack_webhook_url: hooks.example/hush',
        'slack_bot_token: xoxb-hush',
        'webhook_secret_file: /nowhere/hush',
        'failure_threshold_for_alert: many',
      ].join('\n'),
    );
    const { exitCode, stderr } = await nightcrier('validate', 'untold.yaml');
    expect(exitCode).toBe(1);
    expect(stderr.split('\n').map((line) => line.trim())).toEqual([
      'untold.yaml: 5 problems',
      'untold.yaml:3:1: slack_webhook_url: must be an http:// or https:// URL',
      'untold.yaml:4:1: slack_bot_token needs slack_channel',
      'untold.yaml:5:1: webhook_secret_file: /nowhere/hush is not a readable file',
      'untold.yaml:5:1: webhook_secret_file needs webhook_url',
      expect.stringMatching(/^untold\.yaml:6:1: failure_threshold_for_alert: .*got "many"/),
    ]);
  });

  test('accepts the example configuration once its kubeconfigs are there', async () => {
    const example = path.join(import.meta.dirname, '../../../configs/config.example.yaml');
    const before = await nightcrier('validate', example);
    expect(before.stderr).toContain(`${example}: 2 problems`);
    await execa('mkdir', ['-p', path.join(folder, 'kubeconfigs')]);
    for (const name of ['westeu-cluster1', 'eastus-cluster1']) {
      await writeFile(path.join(folder, `kubeconfigs/${name}.yaml`), '');
    }
    const after = await nightcrier('validate', example, '-o', 'json');
    expect(after.exitCode).toBe(0);
    expect(JSON.parse(after.stdout)).toMatchObject({
      valid: true,
      clusters: [
        { name: 'westeu-cluster1', triage: true },
        { name: 'eastus-cluster1', triage: true },
      ],
    });
  });
});

test('the example configuration names every setting, with its default', async () => {
  const { Settings } = await import('@nightcrier/core/settings/config');
  const { SETTINGS } = await import('@nightcrier/core/settings/setting-list');
  const { parse } = await import('yaml');
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(path.join(import.meta.dirname, '../../../configs/config.example.yaml'), 'utf8');
  for (const { path: key } of SETTINGS.filter(({ name }) => !/unrestricted|webhook_url_file/.test(name)))
    expect(text).toContain(key.at(-1)?.replace(/^(openai|gemini|google_gemini)_.*/, '$1_'));
  const { clusters: _, ...settings }: Record<string, unknown> = parse(text);
  expect(Settings.parse(settings)).toEqual({ ...Settings.parse({}), workspace_root: './incidents' });
});

test('a command that fails says why in one line and exits 1', async () => {
  const { exitCode, stderr } = await nightcrier('incidents', '--api-url', 'http://127.0.0.1:9', 'list');
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/^nightcrier: no answer from the API at http:\/\/127\.0\.0\.1:9/),
  ]);
});
