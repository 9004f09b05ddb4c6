import * as fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ConfigError } from '../src/configuration/config-error.ts';
import { loadConfig } from '../src/configuration/load-config.ts';
import { readSecret } from '../src/configuration/read-secret.ts';

import { KUBECONFIG } from './kubeconfig.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-config-'));
  await writeFile(path.join(folder, 'west.kubeconfig'), KUBECONFIG, { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true }));

const write = async (lines: string[]): Promise<string> => {
  const file = path.join(folder, 'nightcrier.yaml');
  await writeFile(file, lines.join('\n'));
  return file;
};
const clusterLines = (): string[] => [
  'clusters:',
  '  - name: west',
  '    mcp: { endpoint: "http://west:8080/mcp" }',
  `    triage: { enabled: true, kubeconfig: ${folder}/west.kubeconfig }`,
];
const problemsOf = async (lines: string[], environment: Record<string, string> = {}, flags = {}): Promise<string[]> => {
  const file = await write(lines);
  const error: unknown = await loadConfig({ flags: { config: file, ...flags }, environment }).catch(
    (caught: unknown) => caught,
  );
  if (!(error instanceof ConfigError)) throw new Error('the configuration was accepted', { cause: error });
  return error.problems.map((problem) => problem.replaceAll(`${folder}/`, ''));
};

describe('loadConfig', () => {
  test('prefers flags to environment, environment to file, file to defaults', async () => {
    const file = await write([
      ...clusterLines(),
      'agent_timeout: 10',
      'max_attempts: 4',
      'redis: { key_prefix: file }',
    ]);
    const { config } = await loadConfig({
      flags: { config: file, 'agent-timeout': '30' },
      environment: { AGENT_TIMEOUT: '20', NIGHTCRIER_REDIS_KEY_PREFIX: 'environment' },
    });
    expect([config.agent_timeout, config.redis.key_prefix, config.max_attempts, config.poll_interval]).toEqual([
      30,
      'environment',
      4,
      30,
    ]);
  });

  test('accepts --health-port, as the original calls it, for the port of the API', async () => {
    const file = await write(clusterLines());
    const { config } = await loadConfig({ flags: { config: file, 'health-port': '9123' }, environment: {} });
    expect(config.api.port).toBe(9123);
  });

  test('needs no file when the environment names the single endpoint', async () => {
    const { config, file } = await loadConfig({
      environment: { MCP_ENDPOINT: 'http://one:8080', KUBECONFIG: path.join(folder, 'west.kubeconfig') },
    });
    expect(file).toBeUndefined();
    expect(config.clusters).toMatchObject([{ name: 'default', mcp: { endpoint: 'http://one:8080' } }]);
  });

  test('names the line and column of every problem, and the nearest name of an unknown key', async () => {
    const problems = await problemsOf([
      'agnt_cli: claude',
      'mcp_endpoint: http://legacy',
      'clusters:',
      '  - name: west',
      '    mcp: { endpoint: "http://west" }',
      '  - name: west',
      '    mcp:',
      '      endpoint: "west:8080"',
      '  - name: east',
      '    mcp: {}',
      '    triage:',
      '      enabled: true',
      '      kubeconfig: missing.kubeconfig',
    ]);
    expect(problems).toEqual(
      expect.arrayContaining([
        'nightcrier.yaml:1:1: unknown key "agnt_cli"; did you mean "agent_cli"?',
        'nightcrier.yaml:2:1: mcp_endpoint and clusters cannot both be set; keep clusters',
        'nightcrier.yaml:6:5: duplicate cluster name: west (also clusters[0])',
        'nightcrier.yaml:8:7: cluster west: mcp.endpoint: must be an http:// or https:// URL, got "west:8080"',
        'nightcrier.yaml:10:5: cluster east: mcp.endpoint is required',
        'nightcrier.yaml:13:7: cluster east: kubeconfig missing.kubeconfig is not a readable file',
      ]),
    );
    expect(problems).toHaveLength(6);
  });

  test('says which variable or flag a bad value came from', async () => {
    expect(await problemsOf(clusterLines(), { NIGHTCRIER_MAX_ATTEMPTS: 'many' }, { 'poll-interval': 'often' })).toEqual(
      [
        expect.stringMatching(/^flag --poll-interval: poll_interval: .*got "often"/),
        expect.stringMatching(/^environment variable NIGHTCRIER_MAX_ATTEMPTS: max_attempts: .*got "many"/),
      ],
    );
  });

  test('ignores an unprefixed variable that is not valid for us, with one warning', async () => {
    const file = await write([...clusterLines(), 'log_level: warn']);
    const { config, warnings } = await loadConfig({
      flags: { config: file },
      environment: { LOG_LEVEL: 'verbose', AGENT_TIMEOUT: 'hush', MAX_CONCURRENT_AGENTS: '7' },
    });
    expect(config).toMatchObject({ log_level: 'warn', agent_timeout: 300, max_concurrent_agents: 7 });
    expect(warnings).toEqual([
      'environment variable AGENT_TIMEOUT is ignored: its value is not valid for NIGHTCRIER_AGENT_TIMEOUT',
      'environment variable LOG_LEVEL is ignored: its value is not valid for NIGHTCRIER_LOG_LEVEL',
    ]);
  });

  test('prefers the prefixed variable to the unprefixed one', async () => {
    const file = await write(clusterLines());
    const environment = { NIGHTCRIER_AGENT_TIMEOUT: '20', AGENT_TIMEOUT: '30' };
    expect((await loadConfig({ flags: { config: file }, environment })).config.agent_timeout).toBe(20);
  });

  test('does not mind what Kubernetes sets for a Service named api, redis or nightcrier-api', async () => {
    const file = await write(clusterLines());
    const service = (name: string) => ({
      [`${name}_SERVICE_HOST`]: '10.0.0.1',
      [`${name}_SERVICE_PORT`]: '80',
      [`${name}_PORT`]: 'tcp://10.0.0.1:80',
      [`${name}_PORT_80_TCP`]: 'tcp://10.0.0.1:80',
      [`${name}_PORT_80_TCP_PORT`]: '80',
    });
    const environment = { ...service('API'), ...service('REDIS'), ...service('NIGHTCRIER_API') };
    const { config, warnings } = await loadConfig({ flags: { config: file }, environment });
    expect(config.api.port).toBe(8080);
    expect(warnings).toEqual([expect.stringMatching(/NIGHTCRIER_API_PORT is ignored: Kubernetes set it/)]);
  });

  test('reads no setting of ours from an unprefixed variable, and says so where it did before', async () => {
    const file = await write(clusterLines());
    const environment = { MAX_ATTEMPTS: '9', REDIS_URL: 'redis://elsewhere' };
    const { config, warnings } = await loadConfig({ flags: { config: file }, environment });
    expect([config.max_attempts, config.redis.url]).toEqual([3, undefined]);
    expect(warnings).toEqual(['environment variable REDIS_URL is not read; set NIGHTCRIER_REDIS_URL instead']);
  });

  test('names a prefixed variable that is misspelt', async () => {
    const file = await write(clusterLines());
    const { warnings } = await loadConfig({
      flags: { config: file },
      environment: { NIGHTCRIER_AGENT_TIMOUT: '9', NIGHTCRIER_CONFIG_DIR: '/etc', NIGHTCRIER_IMAGE: 'x' },
    });
    expect(warnings).toEqual([
      'environment variable NIGHTCRIER_AGENT_TIMOUT is not a setting; did you mean NIGHTCRIER_AGENT_TIMEOUT?',
    ]);
  });

  test('a secret of a higher source replaces the secret file of a lower one', async () => {
    const lines = [...clusterLines(), `anthropic_api_key_file: ${folder}/west.kubeconfig`];
    const file = await write(lines);
    const load = (environment: Record<string, string>) => loadConfig({ flags: { config: file }, environment });
    const { config } = await load({ ANTHROPIC_API_KEY: 'from the shell' });
    expect([config.anthropic_api_key?.reveal(), config.anthropic_api_key_file]).toEqual(['from the shell', undefined]);
    await writeFile(path.join(folder, 'key'), 'k');
    const both = { ANTHROPIC_API_KEY: 'from the shell', NIGHTCRIER_ANTHROPIC_API_KEY_FILE: path.join(folder, 'key') };
    expect((await load(both)).config).toMatchObject({ anthropic_api_key_file: path.join(folder, 'key') });
  });

  test.each([
    ['is empty', '\n', 'is empty'],
    ['does not parse', 'a: [', 'is not valid YAML'],
    ['is something else', '- a', 'is not a kubeconfig'],
    ['names no context', 'kind: Config', 'has no current-context'],
    [
      'names a missing context',
      'current-context: gone',
      'has the current-context "gone", which is not among its contexts',
    ],
    [
      'has a context without its cluster',
      'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]',
      'has the context "x", whose cluster "c" is not among its clusters',
    ],
  ])('refuses a kubeconfig that %s', async (_, content, message) => {
    await writeFile(path.join(folder, 'west.kubeconfig'), content);
    expect(await problemsOf(clusterLines())).toEqual([
      expect.stringMatching(/^nightcrier\.yaml:4:\d+: cluster west: kubeconfig west\.kubeconfig /),
    ]);
    expect((await problemsOf(clusterLines()))[0]).toContain(message);
  });

  test('reads any file without failing in another way than by a list of located problems', async () => {
    const keys = fc.oneof(
      fc.constantFrom('clusters', 'agent', 'agent_timeout', 'redis', 'api', 'mcp_endpoint', '<<'),
      fc.string(),
    );
    const content = fc.oneof(
      fc.string(),
      fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
      fc.dictionary(keys, fc.jsonValue()).map((value) => stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(content, async (text) => {
        const file = await write([text]);
        const error: unknown = await loadConfig({ flags: { config: file }, environment: {} }).catch(
          (caught: unknown) => caught,
        );
        if (!(error instanceof ConfigError)) return;
        const isLocated = (problem: string): boolean =>
          problem.startsWith(`${file}:`) || /^and \d+ more$/.test(problem);
        expect(error.problems.filter((problem) => !isLocated(problem))).toEqual([]);
      }),
    );
  });

  test('replaces variables in values, never in structure', async () => {
    const file = await write([
      ...clusterLines(),
      'additional_agent_prompt: "${GREETING} ${NAME:-nobody}"',
      'agent_timeout: ${T}',
    ]);
    const { config } = await loadConfig({ flags: { config: file }, environment: { GREETING: 'a: b\nc: d', T: '45s' } });
    expect(config.additional_agent_prompt).toBe('a: b\nc: d nobody');
    expect(config.agent_timeout).toBe(45);
  });

  test('names a variable that is not set and where it is used', async () => {
    expect(await problemsOf([...clusterLines(), 'agent_model: ${MODEL}'])).toEqual([
      expect.stringMatching(/^nightcrier\.yaml:5:14: environment variable MODEL is not set/),
    ]);
  });

  test.each([
    ['broken YAML', ['clusters: [', ' : :'], /nightcrier\.yaml:\d+:\d+:/],
    [
      'a key given twice',
      ['log_level: info', 'log_level: debug', 'mcp_endpoint: http://x'],
      /nightcrier\.yaml:2:1: Map keys must be unique/,
    ],
    ['a key that is a list', ['? [a, b]', ': 1'], /nightcrier\.yaml:1:3: a key must be a name/],
    ['keys within keys without end', ['? '.repeat(2_000)], /nightcrier\.yaml:1:\d+: a key must be a name/],
    ['a file that is not a mapping', ['- a', '- b'], /must be a mapping/],
  ])('points into %s', async (_, lines, expected) => {
    expect((await problemsOf(lines)).join('\n')).toMatch(expected);
  });

  test('names a file that cannot be read', async () => {
    const loading = loadConfig({ flags: { config: path.join(folder, 'none.yaml') }, environment: {} });
    await expect(loading).rejects.toThrow(/none\.yaml.*\n.*cannot read the configuration file/);
  });

  test.each([
    ['UTF-16', Buffer.from('\ufeffclusters: []\n', 'utf16le'), 'it is UTF-16'],
    ['Latin-1', Buffer.from('clusters: [] # \u00fc\n', 'latin1'), 'it is not UTF-8'],
    ['no text', Buffer.from('clusters:\n  - \0\n'), 'line 2 contains a NUL character'],
  ])('says that a file is %s', async (_, content, problem) => {
    const file = path.join(folder, 'nightcrier.yaml');
    await writeFile(file, content);
    await expect(loadConfig({ flags: { config: file }, environment: {} })).rejects.toThrow(problem);
  });

  test('reads a file with a byte order mark', async () => {
    const file = await write([`\ufeff${clusterLines().join('\n')}`]);
    expect((await loadConfig({ flags: { config: file }, environment: {} })).config.clusters).toHaveLength(1);
  });

  test('finds the files that the product ships wherever it is started', async () => {
    const file = await write(clusterLines());
    const { config } = await loadConfig({ flags: { config: file }, environment: {} });
    expect(config.agent_system_prompt_file).toMatch(/^\/.*\/configs\/triage-system-prompt\.md$/);
    expect(path.isAbsolute(config.workspace_root)).toBe(true);
  });
});

describe('readSecret', () => {
  test('reads the file at each call', async () => {
    const file = path.join(folder, 'key');
    await writeFile(file, 'one\n');
    expect((await readSecret(undefined, file))?.reveal()).toBe('one');
    await writeFile(file, 'two\n');
    expect((await readSecret(undefined, file))?.reveal()).toBe('two');
  });

  test('names an empty file', async () => {
    const file = path.join(folder, 'key');
    await writeFile(file, '\n');
    await expect(readSecret(undefined, file)).rejects.toThrow(`secret file ${file} is empty`);
  });
});
