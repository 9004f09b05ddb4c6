import { execa } from 'execa';
import { Settings } from '@nightcrier/core/settings/config';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

const cli = path.join(import.meta.dirname, '../src/main.ts');
const nightcrier = (...args: string[]) =>
  execa(process.execPath, [cli, ...args], {
    reject: false,
    cwd: folder,
    env: { PATH: process.env.PATH },
    extendEnv: false,
  });

const KUBECONFIG = stringify({
  'current-context': 'x',
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443' } }],
  users: [{ name: 'u', user: { token: 't' } }],
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-validate-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('nightcrier validate', () => {
  test('reports six different mistakes in one run, each with its line, and exits with the code of its kind', async () => {
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
    expect(exitCode).toBe(78);
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

  test('reports unknown receivers and unreachable routes, each with its line and column, and no secret', async () => {
    await writeFile(
      path.join(folder, 'routes.yaml'),
      [
        'clusters:',
        '  - { name: west, mcp: { endpoint: "http://west" } }',
        'route:',
        '  receiver: chat',
        '  routes:',
        `    - matchers: ['team="payments"']`,
        '      receiver: payment',
        `    - matchers: ['severity="high"']`,
        `    - matchers: ['team="payments"', 'severity="critical"']`,
        'receivers:',
        '  - name: chat',
        '    slack_configs: [{ bot_token: xoxb-hush }]',
        '    pagerduty_configs: [{ routing_key: hush-hush }]',
        '    msteamsv2_configs: [{ webhook_url_file: /nowhere/hush }]',
        '    email_configs: [{ to: nobody, from: a@b, smarthost: "mail:25", user: x }]',
      ].join('\n'),
    );
    const { exitCode, stderr } = await nightcrier('validate', 'routes.yaml');
    expect(exitCode).toBe(78);
    expect(stderr.split('\n').map((line) => line.trim())).toEqual([
      'routes.yaml: 8 problems',
      expect.stringMatching(/^routes\.yaml:7:7: receiver: there is no receiver "payment"; declared: chat$/),
      expect.stringMatching(
        /^routes\.yaml:8:18: matchers: there is no severity "high"; severities: info, warning, critical$/,
      ),
      expect.stringMatching(/^routes\.yaml:9:7: route is unreachable: routes\[0\] before it takes every problem/),
      'routes.yaml:12:21: receivers.slack_configs: bot_token needs channel',
      expect.stringMatching(
        /^routes\.yaml:13:27: receivers\.pagerduty_configs\.routing_key: must be an integration key/,
      ),
      'routes.yaml:14:27: webhook_url_file: /nowhere/hush is not a readable file',
      'routes.yaml:15:23: receivers.email_configs.to: must be addresses such as a@example.org, got "nobody"',
      expect.stringMatching(/^routes\.yaml:15:68: unknown key "user"; known keys: .*auth_username/),
    ]);
  });

  test('reports mistakes in the notification settings, each with its line and column, and no secret', async () => {
    await writeFile(
      path.join(folder, 'notifications.yaml'),
      [
        'clusters:',
        '  - { name: west, mcp: { endpoint: "http://west" } }',
        'slack_webhook_url: hooks.example/hush',
        'slack_bot_token: xoxb-hush',
        'webhook_secret_file: /nowhere/hush',
        'failure_threshold_for_alert: many',
      ].join('\n'),
    );
    const { exitCode, stderr } = await nightcrier('validate', 'notifications.yaml');
    expect(exitCode).toBe(78);
    expect(stderr.split('\n').map((line) => line.trim())).toEqual([
      'notifications.yaml: 5 problems',
      'notifications.yaml:3:1: slack_webhook_url: must be an http:// or https:// URL',
      'notifications.yaml:4:1: slack_bot_token needs slack_channel',
      'notifications.yaml:5:1: webhook_secret_file: /nowhere/hush is not a readable file',
      'notifications.yaml:5:1: webhook_secret_file needs webhook_url',
      expect.stringMatching(/^notifications\.yaml:6:1: failure_threshold_for_alert: .*got "many"/),
    ]);
  });

  test('accepts the example configuration once its kubeconfigs are there', async () => {
    const example = path.join(import.meta.dirname, '../../../configs/config.example.yaml');
    const before = await nightcrier('validate', example);
    expect(before.stderr).toContain(`${example}: 2 problems`);
    await execa('mkdir', ['-p', path.join(folder, 'kubeconfigs')]);
    for (const name of ['westeu-cluster1', 'eastus-cluster1']) {
      await writeFile(path.join(folder, `kubeconfigs/${name}.yaml`), KUBECONFIG);
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

describe('nightcrier schema', () => {
  test('prints the schema that is in configs/', async () => {
    const { stdout, exitCode } = await nightcrier('schema');
    expect(exitCode).toBe(0);
    const file = path.join(import.meta.dirname, '../../../configs/nightcrier.schema.json');
    expect(JSON.parse(stdout)).toEqual(JSON.parse(await readFile(file, 'utf8')));
  });
});

test('the example configuration has the defaults', async () => {
  const text = await readFile(path.join(import.meta.dirname, '../../../configs/config.example.yaml'), 'utf8');
  expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/nightcrier\.schema\.json\n/);
  const { clusters: _, ...settings }: Record<string, unknown> = parse(text);
  expect(Settings.parse(settings)).toEqual(Settings.parse({}));
});

describe('nightcrier up', () => {
  test('--help-all groups the settings, with default, unit and environment names', async () => {
    const { stdout, exitCode } = await nightcrier('up', '--help-all');
    expect(exitCode).toBe(0);
    const headings = stdout.split('\n').filter((line) => /^[A-Z].*:$/.test(line));
    expect(headings).toEqual(
      expect.arrayContaining([
        'Cluster connections:',
        'Admission and queue:',
        'Agents:',
        'Notifications:',
        'Redis:',
        'API:',
      ]),
    );
    expect(stdout).toContain(
      [
        '  --agent-timeout <duration>',
        '      Maximum duration of an investigation.',
        '      [default: 5m] [env: NIGHTCRIER_AGENT_TIMEOUT, AGENT_TIMEOUT]',
      ].join('\n'),
    );
    expect(stdout).toContain('[default: 100] [unit: bytes] [env: NIGHTCRIER_REPORT_MIN_BYTES]');
    // The process list shows arguments.
    expect(stdout).not.toMatch(/--(anthropic-api-key|slack-bot-token|api-access-key) /);
    expect(stdout.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  test('answers a misspelt flag with one line and a hint', async () => {
    const { stdout, stderr, exitCode } = await nightcrier('up', '--agnt-timeout', '30');
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toBe("error: unknown option '--agnt-timeout' (Did you mean --agent-timeout?)");
  });

  test.each([
    ['flags', ['--mcp-endpoint', 'nowhere'], {}, 'flag --mcp-endpoint: mcp_endpoint: must be an http'],
    [
      'the environment',
      [],
      { K8S_CLUSTER_MCP_ENDPOINT: 'nowhere' },
      'environment variable K8S_CLUSTER_MCP_ENDPOINT: mcp_endpoint',
    ],
  ])('is what %s alone start, as in the original system', async (_, words, environment, problem) => {
    const started = await execa(process.execPath, [cli, ...words], {
      reject: false,
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
      extendEnv: false,
    });
    expect([started.exitCode, started.stderr]).toEqual([78, expect.stringContaining(problem)]);
  });
});

test('without a command, and with nothing configured, the help page is shown', async () => {
  const { stderr, stdout } = await nightcrier();
  expect(`${stdout}${stderr}`).toContain('Usage: nightcrier [options] [command]');
});

test('a misspelt command gets one line and a hint', async () => {
  expect((await nightcrier('vaidate')).stderr).toBe("error: unknown command 'vaidate' (Did you mean validate?)");
});

test('a table of 10,000 clusters reaches a slow reader whole', async () => {
  const entries = Array.from({ length: 10_000 }, (_, at) => ({
    name: `c${at}`,
    mcp: { endpoint: 'http://c' },
    triage: { enabled: false },
  }));
  await writeFile(path.join(folder, 'many.yaml'), stringify({ clusters: entries }));
  const validate = `"${process.execPath}" "${cli}" validate many.yaml | (sleep 0.2; cat)`;
  const { stdout } = await execa('sh', ['-c', validate], { cwd: folder, maxBuffer: 100_000_000 });
  expect(stdout.split('\n')).toHaveLength(10_002);
  expect(stdout.endsWith('many.yaml is valid')).toBe(true);
});

test('a command that fails says why in one line and exits with the code of its kind', async () => {
  const { exitCode, stderr } = await nightcrier('incidents', '--api-url', 'http://127.0.0.1:9', 'list');
  expect([exitCode, stderr]).toEqual([
    69,
    expect.stringMatching(/^nightcrier: cannot reach the API at http:\/\/127\.0\.0\.1:9/),
  ]);
});

test('validate names the file and line of an article of knowledge_dir that cannot be used', async () => {
  await mkdir(path.join(folder, 'articles'), { recursive: true });
  await writeFile(path.join(folder, 'articles/bad.md'), '---\nmatchers: namspace=shop\n---\n');
  await writeFile(
    path.join(folder, 'articles.yaml'),
    'clusters: [{name: a, mcp: {endpoint: "http://a"}}]\nknowledge_dir: articles\n',
  );
  const { exitCode, stderr } = await nightcrier('validate', 'articles.yaml');
  expect(exitCode).toBe(78);
  expect(stderr).toContain(
    `${folder}/articles/bad.md:2:1: matchers: an incident has no label "namspace"; did you mean namespace?`,
  );
});
