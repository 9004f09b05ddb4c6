import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../src/configuration/config-error.ts';
import { flagsFrom } from '../src/configuration/config-flags.ts';
import { loadConfig } from '../src/configuration/load-config.ts';
import { readSecret } from '../src/configuration/read-secret.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-config-'));
  await writeFile(path.join(folder, 'west.kubeconfig'), '');
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
      environment: { AGENT_TIMEOUT: '20', REDIS_KEY_PREFIX: 'environment' },
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
    const { config } = await loadConfig({ flags: flagsFrom({ config: file, 'health-port': '9123' }), environment: {} });
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
    expect(await problemsOf(clusterLines(), { MAX_ATTEMPTS: 'many' }, { 'poll-interval': 'often' })).toEqual([
      expect.stringMatching(/^flag --poll-interval: poll_interval: .*got "often"/),
      expect.stringMatching(/^environment variable MAX_ATTEMPTS: max_attempts: .*got "many"/),
    ]);
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
    ['a file that is not a mapping', ['- a', '- b'], /must be a mapping/],
  ])('points into %s', async (_, lines, expected) => {
    expect((await problemsOf(lines)).join('\n')).toMatch(expected);
  });

  test('names a file that cannot be read', async () => {
    const loading = loadConfig({ flags: { config: path.join(folder, 'none.yaml') }, environment: {} });
    await expect(loading).rejects.toThrow(/none\.yaml.*\n.*cannot read the configuration file/);
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
