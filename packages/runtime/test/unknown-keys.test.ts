import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SETTINGS } from '@nightcrier/core/settings/setting-list';
import { ORIGINAL_KEYS } from '@nightcrier/core/settings/original/original-keys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError, MOST_LISTED } from '../src/configuration/config-error.ts';
import { explainUnknownKeys } from '../src/configuration/names/likely-keys.ts';
import { loadConfig } from '../src/configuration/load-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-unknown-keys-'));
  const kubeconfig = {
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443' } }],
    users: [{ name: 'u', user: { token: 't' } }],
  };
  await writeFile(path.join(folder, 'kube.yaml'), JSON.stringify(kubeconfig));
});
afterAll(() => rm(folder, { recursive: true }));

async function problemsOf(text: string): Promise<string[]> {
  const file = path.join(folder, 'nightcrier.yaml');
  await writeFile(file, text.replaceAll('KUBE', path.join(folder, 'kube.yaml')));
  try {
    await loadConfig({ flags: { config: file }, environment: {} });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace(/^.*nightcrier\.yaml:\d+:\d+: /, ''));
  }
}

const CLUSTERS = 'clusters: [{ name: a, mcp: { endpoint: "http://a" } }]\n';

test.each<[what: string, text: string, hint: string]>([
  ['the short form of a cluster', 'clusters: [{ name: a, mcp_endpont: "http://a" }]', '"mcp_endpoint"'],
  [
    'the short form, whose other key is right',
    'clusters: [{ name: a, mcp_endpont: "http://a", kubeconfig: KUBE }]',
    '"mcp_endpoint"',
  ],
  [
    'the kubeconfig of the short form',
    'clusters: [{ name: a, mcp_endpoint: "http://a", kubeconfg: KUBE }]',
    '"kubeconfig"',
  ],
  ['mcp', 'clusters: [{ name: a, mpc: { endpoint: "http://a" } }]', '"mcp"'],
  ['a name', 'clusters: [{ nam: a, mcp: { endpoint: "http://a" } }]', '"name"'],
  ['a key of another mapping', 'clusters: [{ name: a, endpoint: "http://a" }]', '"mcp.endpoint"'],
  [
    'the kubeconfig beside mcp',
    'clusters: [{ name: a, mcp: { endpoint: "http://a" }, kubeconfig: KUBE }]',
    '"triage.kubeconfig"',
  ],
  [
    'the kubeconfig of triage',
    'clusters: [{ name: a, mcp: { endpoint: "http://a" }, triage: { enabled: true, kubconfig: KUBE } }]',
    '"kubeconfig"',
  ],
  ['clusters', 'clustrs: [{ name: a, mcp: { endpoint: "http://a" } }]', '"clusters"'],
  ['the single cluster', 'mcp_endpont: "http://a"', '"mcp_endpoint"'],
  [
    'the original name of clusters',
    'monitored_cluster: [{ name: a, mcp: { endpoint: "http://a" } }]',
    '"monitored_clusters", which is called clusters in Nightcrier',
  ],
  ['a setting in a mapping, as one word', `${CLUSTERS}redis_url: redis://r`, '"redis.url"'],
  ['a setting in a mapping', `${CLUSTERS}redis: { ulr: "redis://r" }`, '"url"'],
  ['the key file of an agent', `${CLUSTERS}agent_cli: claude\nanthropic_api_key_fil: k`, '"anthropic_api_key_file"'],
  ['a model', `${CLUSTERS}agent_cli: goose\nopenai_api_key: sk-123456789012345678\nagent_modl: m`, '"agent_model"'],
])('a typo in %s is the only problem, with the name that was meant', async (_what, text, hint) => {
  expect(await problemsOf(text)).toEqual([expect.stringContaining(`; did you mean ${hint}?`)]);
});

test('a key that is like no other comes before what its mapping lacks', async () => {
  expect(await problemsOf('clusters: [{ name: a, colour: red }]')).toEqual([
    expect.stringMatching(/^unknown key "colour"; known keys: environment, labels, mcp, /),
    expect.stringMatching(/mcp is required/),
  ]);
});

test('a long list of known keys is not printed', async () => {
  expect(await problemsOf(`${CLUSTERS}colour: red`)).toEqual(['unknown key "colour"']);
});

/** Leaves out the fourth letter. */
const misspelt = (name: string): string => name.slice(0, 3) + name.slice(4);

test('a letter that is left out of any setting, old or new, is found', async () => {
  const old = ORIGINAL_KEYS.filter(({ to, flag, key }) => to !== undefined && flag === undefined && !key.includes('.'));
  const names = [
    ...SETTINGS.map(({ name }) => name).filter((name) => !name.includes('.')),
    ...old.map(({ key }) => key),
  ];
  const problems: string[] = [];
  // No more of them are explained at once.
  for (let at = 0; at < names.length; at += MOST_LISTED) {
    const text = names.slice(at, at + MOST_LISTED).map((name) => `${misspelt(name)}: x`);
    problems.push(...(await problemsOf(CLUSTERS + text.join('\n'))));
  }
  const missed = names.filter((name) => {
    const line = problems.find((problem) => problem.startsWith(`unknown key ${JSON.stringify(misspelt(name))};`));
    return line?.includes(`did you mean ${JSON.stringify(name)}`) !== true;
  });
  expect(missed).toEqual([]);
});

test('of very many unknown keys the first are listed and explained, and the others counted', async () => {
  const text = Array.from({ length: 5_000 }, (_, at) => `log_levl_${at}: x\nlog_leve${at % 10}${at}: x`);
  const problems = await problemsOf(CLUSTERS + ['log_levl: x', ...text].join('\n'));
  expect(problems).toHaveLength(MOST_LISTED + 1);
  expect(problems[0]).toBe('unknown key "log_levl"; did you mean "log_level"?');
  expect(problems.at(-1)).toBe(`and ${10_001 - MOST_LISTED} more`);
});

test('keys that are not listed are not compared with the known ones', () => {
  const problem = { path: ['log_levl'], message: 'unknown key "log_levl"', knownKeys: ['log_level'] };
  const explained = explainUnknownKeys(Array.from({ length: 1_000 }, () => problem));
  expect(explained.filter(({ message }) => message.includes('did you mean'))).toHaveLength(MOST_LISTED);
});
