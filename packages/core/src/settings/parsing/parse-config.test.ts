import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { otherValue } from '../../../test/other-value.ts';
import { SETTINGS } from '../setting-list.ts';
import type { ConfigSurroundings } from './config-surroundings.ts';
import { parseConfig } from './parse-config.ts';

const surroundings: ConfigSurroundings = {
  read: (path) => (/\.(kubeconfig|key|sh|md)$/.test(path) ? 'content' : undefined),
  kubeconfigProblem: () => undefined,
  defaultKubeconfig: '/home/op/default.kubeconfig',
};
const parse = (raw: unknown, overrides: Partial<ConfigSurroundings> = {}) =>
  parseConfig(raw, { ...surroundings, ...overrides });
const configOf = (raw: unknown) => {
  const parsed = parse(raw);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};
const messagesOf = (raw: unknown, overrides?: Partial<ConfigSurroundings>) => {
  const parsed = parse(raw, overrides);
  return 'problems' in parsed ? parsed.problems.map((problem) => problem.message) : [];
};

const cluster = {
  name: 'west',
  mcp: { endpoint: 'http://west:8080/mcp' },
  triage: { enabled: true, kubeconfig: 'west.kubeconfig' },
};

describe('parseConfig', () => {
  test('gives everything but the clusters a default', () => {
    const config = configOf({ clusters: [cluster] });
    expect(config).toMatchObject({
      agent_cli: 'builtin',
      queue_overflow_policy: 'drop',
      sse_reconnect_initial_backoff: 1,
      sse_reconnect_max_backoff: 60,
      redis: { key_prefix: 'nightcrier' },
      api: { host: '127.0.0.1', port: 8080 },
    });
    expect(config.clusters[0]).toMatchObject({ labels: {}, triage: { allow_secrets_access: false } });
  });

  test('accepts the flat form of a cluster, which means triage enabled', () => {
    const flat = { name: 'west', mcp_endpoint: 'http://west:8080', kubeconfig: 'west.kubeconfig' };
    expect(configOf({ clusters: [flat] }).clusters[0]).toEqual({
      name: 'west',
      labels: {},
      mcp: { endpoint: 'http://west:8080' },
      triage: { enabled: true, kubeconfig: 'west.kubeconfig', allow_secrets_access: false },
    });
  });

  test.each(['name', 'mcp_endpoint', 'kubeconfig'])('requires %s in the flat form', (missing) => {
    const flat: Record<string, unknown> = { name: 'west', mcp_endpoint: 'http://west', kubeconfig: 'west.kubeconfig' };
    delete flat[missing];
    expect(messagesOf({ clusters: [flat] }).join()).toContain(`${missing} is required`);
  });

  test('accepts the legacy single endpoint as the cluster "default" with the default kubeconfig', () => {
    expect(configOf({ mcp_endpoint: 'http://one:8080' }).clusters).toMatchObject([
      {
        name: 'default',
        mcp: { endpoint: 'http://one:8080' },
        triage: { enabled: true, kubeconfig: '/home/op/default.kubeconfig' },
      },
    ]);
  });

  test('says that the default kubeconfig of the legacy form is missing', () => {
    expect(messagesOf({ mcp_endpoint: 'http://one' }, { read: () => undefined }).join()).toContain('set KUBECONFIG');
  });

  test('refuses mcp_endpoint beside clusters', () => {
    expect(messagesOf({ mcp_endpoint: 'http://one', clusters: [cluster] })).toEqual([
      expect.stringContaining('cannot both be set'),
    ]);
  });

  test.each([{}, { clusters: [] }])('requires at least one cluster: %j', (raw) => {
    expect(messagesOf(raw)).toEqual(['at least one cluster must be configured']);
  });

  test('reports all problems at once, each with its path', () => {
    const parsed = parse({
      mcp_endpoint: 'http://one',
      agnt_cli: 'claude',
      agent_timeout: 'soon',
      clusters: [
        cluster,
        cluster,
        { name: 'no-endpoint', mcp: {}, triage: { enabled: true, kubeconfig: 'gone' } },
        { name: 'bad-url', mcp: { endpoint: 'ftp://x' } },
      ],
    });
    expect('problems' in parsed && parsed.problems.map(({ path, message }) => [path.join('.'), message])).toEqual(
      expect.arrayContaining([
        ['mcp_endpoint', expect.stringContaining('cannot both be set')],
        ['agnt_cli', 'unknown key "agnt_cli"'],
        [
          'agent_timeout',
          'agent_timeout: must be a number of seconds, or a duration such as "30s" or "1m30s", got "soon"',
        ],
        ['clusters.1.name', 'duplicate cluster name: west (also clusters[0])'],
        ['clusters.2.mcp.endpoint', 'cluster no-endpoint: mcp.endpoint is required'],
        ['clusters.2.triage.kubeconfig', 'cluster no-endpoint: kubeconfig gone is not a readable file'],
        ['clusters.3.mcp.endpoint', expect.stringContaining('http:// or https:// URL, got "ftp://x"')],
      ]),
    );
  });

  test('offers the known keys of the place where an unknown key stands', () => {
    const parsed = parse({
      clusters: [{ ...cluster, mcp: { endpoint: 'http://x', apikey: 'k' } }],
      redis: { uri: '' },
    });
    expect('problems' in parsed && parsed.problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          path: ['clusters', 0, 'mcp', 'apikey'],
          knownKeys: [
            'endpoint',
            'api_key',
            'api_key_file',
            'ca_file',
            'client_cert_file',
            'client_key_file',
            'headers',
          ],
        }),
        expect.objectContaining({ path: ['redis', 'uri'], knownKeys: expect.arrayContaining(['url', 'key_prefix']) }),
      ]),
    );
  });

  test('requires a kubeconfig only where triage is enabled', () => {
    expect(configOf({ clusters: [{ name: 'quiet', mcp: { endpoint: 'http://x' } }] }).clusters[0]?.triage.enabled).toBe(
      false,
    );
    expect(messagesOf({ clusters: [{ ...cluster, triage: { enabled: true } }] })).toEqual([
      'cluster west: triage.kubeconfig is required when triage.enabled is true',
    ]);
  });

  test('requires an MCP server but for a cluster that is watched directly, which needs a kubeconfig', () => {
    const watched = { name: 'west', source: 'kubernetes', triage: { enabled: false, kubeconfig: 'west.kubeconfig' } };
    expect(configOf({ clusters: [watched] }).clusters).toMatchObject([{ name: 'west', source: 'kubernetes' }]);
    expect(messagesOf({ clusters: [{ ...watched, triage: { enabled: false } }] })).toEqual([
      'cluster west: triage.kubeconfig is required for source: kubernetes',
    ]);
    expect(messagesOf({ clusters: [{ ...cluster, supplement: 'watch', triage: { enabled: false } }] })).toEqual([
      'cluster west: triage.kubeconfig is required for supplement: watch',
    ]);
    expect(messagesOf({ clusters: [{ ...watched, source: 'mcp' }] })).toEqual([
      expect.stringContaining('cluster west: mcp'),
    ]);
  });

  test('never repeats a secret in a message', () => {
    const messages = messagesOf({
      anthropic_api_key: { nested: 'hunter2' },
      redis: { url: 'http://:hunter2@host' },
      clusters: [{ ...cluster, mcp: { endpoint: 'http://x', api_key: ['hunter2'] } }],
    });
    expect(messages).toHaveLength(3);
    expect(messages.join()).not.toContain('hunter2');
  });

  test('refuses user and password in an endpoint, without showing them', () => {
    const withPassword = { ...cluster, mcp: { endpoint: 'http://user:hunter2@west/mcp' } };
    expect(messagesOf({ clusters: [withPassword] })).toEqual([
      'cluster west: mcp.endpoint: must be a URL without user and password; a key is a setting of its own',
    ]);
  });

  test('refuses a secret given twice, and a secret file that is not there', () => {
    expect(
      messagesOf({
        clusters: [cluster],
        openai_api_key: 'k',
        openai_api_key_file: 'a.key',
        api: { access_key_file: 'gone' },
      }),
    ).toEqual([
      'openai_api_key and openai_api_key_file cannot both be set',
      'access_key_file: gone is not a readable file',
    ]);
  });

  test('reads numbers, booleans and durations from text, as environment variables give them', () => {
    expect(
      configOf({
        clusters: [cluster],
        agent_timeout: '1m30s',
        max_concurrent_agents: '7',
        api: { allow_anonymous: 'true' },
      }),
    ).toMatchObject({ agent_timeout: 90, max_concurrent_agents: 7, api: { allow_anonymous: true } });
    expect(messagesOf({ clusters: [cluster], max_concurrent_agents: '' })).toHaveLength(1);
  });

  test('reads prices, also as JSON, and refuses what is none', () => {
    const prices = { 'gpt-x': { input: 1.25, cached_input: 0.125, output: 10 } };
    for (const agent_prices of [prices, JSON.stringify(prices)]) {
      expect(configOf({ clusters: [cluster], agent_prices }).agent_prices).toEqual(prices);
    }
    for (const agent_prices of ['cheap', { 'gpt-x': { input: -1, output: 1 } }, { 'gpt-x': { input: 1 } }]) {
      expect(messagesOf({ clusters: [cluster], agent_prices })[0]).toMatch(/^agent_prices.*(record|>=0|required)/);
    }
  });

  test('takes the notification settings of the original', () => {
    const settings = { slack_webhook_url: 'https://hooks.example/x', notify_on_agent_failure: true };
    const config = configOf({ clusters: [cluster], ...settings, failure_threshold_for_alert: 5 });
    expect(config).toMatchObject({ notify_on_agent_failure: true, failure_threshold_for_alert: 5 });
    expect(config.slack_webhook_url?.reveal()).toBe('https://hooks.example/x');
    expect(JSON.stringify(config)).not.toContain('hooks.example');
  });

  test.each([
    [{ slack_bot_token: 'xoxb-1' }, 'slack_bot_token needs slack_channel'],
    [{ slack_channel: 'C1' }, 'slack_channel needs slack_bot_token'],
    [{ webhook_secret: 's' }, 'webhook_secret needs webhook_url'],
    [
      { slack_webhook_url: 'https://a', slack_webhook_url_file: 'there' },
      'slack_webhook_url and slack_webhook_url_file',
    ],
    [{ slack_bot_token_file: 'missing', slack_channel: 'C1' }, 'slack_bot_token_file: missing is not a readable file'],
    [{ failure_threshold_for_alert: -1 }, 'failure_threshold_for_alert: Too small'],
  ])('refuses %j', (settings, message) => {
    expect(messagesOf({ clusters: [cluster], ...settings })).toEqual([expect.stringContaining(message)]);
  });

  test('never repeats the address of a webhook, which is its key', () => {
    const messages = messagesOf({ clusters: [cluster], slack_webhook_url: 'hooks.example/key', webhook_url: 'key' });
    expect(messages).toEqual([
      'slack_webhook_url: must be an http:// or https:// URL',
      'webhook_url: must be an http:// or https:// URL',
    ]);
  });

  test('warns about webhook notifications that are not signed', () => {
    const parsed = parse({ clusters: [cluster], webhook_url: 'https://ops.example/hook' });
    expect('warnings' in parsed && parsed.warnings).toEqual([
      { path: ['webhook_url'], message: expect.stringContaining('set webhook_secret') },
    ]);
  });

  test('takes empty text, or no value, for settings without a default as not set', () => {
    const unset = { slack_webhook_url: '', agent_model: ' ', anthropic_api_key: null, api: { access_key: '' } };
    const config = configOf({ clusters: [{ ...cluster, mcp: { ...cluster.mcp, api_key: '' } }], ...unset });
    const { slack_webhook_url, agent_model, api, clusters } = config;
    expect([slack_webhook_url, agent_model, api.access_key, clusters[0]?.mcp?.api_key]).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe('what cannot run is refused:', () => {
  const key = { anthropic_api_key: 'k' };
  test.each([
    [
      'claude without its key',
      { agent_cli: 'claude' },
      'agent_cli: claude needs anthropic_api_key (or anthropic_api_key_file)',
    ],
    ['codex with the key of claude', { agent_cli: 'codex', ...key }, 'agent_cli: codex needs openai_api_key'],
    [
      'goose without any key',
      { agent_cli: 'goose', agent_model: 'm' },
      'agent_cli: goose needs anthropic_api_key (or anthropic_api_key_file), or openai',
    ],
    ['goose without a model', { agent_cli: 'goose', ...key }, 'agent_cli: goose needs agent_model'],
    [
      'a fallback without its key',
      { agent_fallback: ['gemini', 'builtin'] },
      'agent_fallback: gemini needs gemini_api_key',
    ],
    [
      'a missing prompt',
      { agent_cli: 'claude', ...key, agent_system_prompt_file: 'gone' },
      'agent_system_prompt_file: gone is not a readable file',
    ],
    [
      'a missing script',
      { agent_cli: 'claude', agent_script_path: 'gone' },
      'agent_script_path: gone is not a readable file',
    ],
    [
      'an API beyond loopback without a key',
      { api: { host: '0.0.0.0' } },
      'api.host: 0.0.0.0 can be reached from other machines',
    ],
    [
      'a user token of Slack',
      { slack_bot_token: 'xoxp-hush', slack_channel: 'C1' },
      'slack_bot_token: must be a bot token',
    ],
    [
      'an app-level token of Slack',
      { slack_bot_token: 'xapp-hush', slack_channel: 'C1' },
      'slack_bot_token: must be a bot token',
    ],
    [
      'a Redis URL that does not parse',
      { redis: { url: 'redis://:hush@host:99999' } },
      'redis.url: must be a redis:// or rediss:// URL',
    ],
    [
      'a key with a line break',
      { anthropic_api_key: 'hush\nhush' },
      'anthropic_api_key: must be one line; it contains a line break',
    ],
    [
      'backoffs in the wrong order',
      { sse_reconnect_max_backoff: 1, sse_reconnect_initial_backoff: 5 },
      'sse_reconnect_max_backoff: must not be less than',
    ],
    ['a bare Bash', { agent_allowed_tools: 'Read,Bash' }, 'agent_allowed_tools: Bash allows any command'],
    [
      'a Bash with a list that allows everything',
      { agent_allowed_tools: ['Bash(*)'] },
      'agent_allowed_tools: Bash(*) allows any command',
    ],
  ])('%s', (_, settings, message) => {
    const messages = messagesOf({ clusters: [cluster], ...settings });
    expect(messages).toEqual([expect.stringContaining(message)]);
    expect(messages.join()).not.toContain('hush');
  });

  test.each([
    ['claude with its key', { agent_cli: 'claude', ...key }],
    ['claude with its key in a file', { agent_cli: 'claude', anthropic_api_key_file: 'claude.key' }],
    ['goose with the key of one provider', { agent_cli: 'goose', agent_model: 'gpt-5', openai_api_key: 'k' }],
    ['an agent without a key that runs by a script of its own', { agent_cli: 'claude', agent_script_path: 'own.sh' }],
    ['a public API with a key', { api: { host: '0.0.0.0', access_key: 'a-key-of-16-characters' } }],
    ['a public API without a key, if that is meant', { api: { host: '::', allow_anonymous: true } }],
    ['a bare Bash, if that is meant', { agent_allowed_tools: ['Bash'], agent_unrestricted_tools: true }],
    ['a list of commands', { agent_allowed_tools: ['Bash(kubectl get:*)'] }],
    ['a rotated bot token', { slack_bot_token: 'xoxe.xoxb-1', slack_channel: 'C1' }],
  ])('but not %s', (_, settings) => {
    expect(messagesOf({ clusters: [cluster], ...settings })).toEqual([]);
  });

  test('a process checks only what it uses', () => {
    const raw = { clusters: [cluster], agent_cli: 'claude', api: { host: '0.0.0.0' } };
    expect(messagesOf(raw, { process: 'ingester' })).toEqual([]);
    expect(messagesOf(raw, { process: 'triage-worker' })).toEqual([]);
    expect(messagesOf(raw, { process: 'gateway' })).toEqual([expect.stringContaining('claude needs')]);
    const direct = { ...raw, llm_access: 'direct' };
    expect(messagesOf(direct, { process: 'triage-worker' })).toEqual([expect.stringContaining('claude needs')]);
    expect(messagesOf(direct, { process: 'gateway' })).toEqual([]);
    expect(messagesOf(raw, { process: 'api' })).toEqual([expect.stringContaining('api.host')]);
  });

  test('a kubeconfig that cannot be used', () => {
    const kubeconfigProblem = () => 'is empty';
    const message = 'cluster west: kubeconfig west.kubeconfig is empty';
    expect(messagesOf({ clusters: [cluster] }, { kubeconfigProblem })).toEqual([message]);
    expect(messagesOf({ clusters: [cluster] }, { kubeconfigProblem, process: 'api' })).toEqual([]);
  });

  test('a secret file with a value that is not valid', () => {
    const read = () => 'xapp-hush';
    expect(messagesOf({ clusters: [cluster], slack_bot_token_file: 'token', slack_channel: 'C1' }, { read })).toEqual([
      expect.stringMatching(/^slack_bot_token_file: token must be a bot token/),
    ]);
  });
});

describe('any configuration', () => {
  const names = SETTINGS.flatMap(({ path }) => [...path]);
  const keys = fc.oneof(fc.constantFrom('clusters', 'mcp_endpoint', 'mcp', 'name', 'triage', ...names), fc.string());
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('claude', 'true', '30s', 'http://x', 'redis://x', '', 'a.key'),
      fc.jsonValue(),
      fc.dictionary(keys, tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value;

  test('gives a configuration or problems, each with a path and a message', () => {
    fc.assert(
      fc.property(fc.oneof(values, fc.dictionary(keys, values)), (raw) => {
        const parsed = parse(raw);
        const problems = 'problems' in parsed ? parsed.problems : [];
        expect(problems.length > 0).toBe('problems' in parsed);
        expect(problems.filter(({ path, message }) => !Array.isArray(path) || message === '')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('takes sentinels, which need a name and the other way round', () => {
    const sentinel = { name: 'mymaster', hosts: 'one:26379, [::1]', password: 'of-the-sentinels' };
    expect(configOf({ clusters: [cluster], redis: { sentinel } }).redis.sentinel).toMatchObject({
      name: 'mymaster',
      hosts: ['one:26379', '[::1]'],
    });
    expect(messagesOf({ clusters: [cluster], redis: { sentinel: { name: 'mymaster' } } })).toEqual([
      'redis.sentinel.name needs redis.sentinel.hosts',
    ]);
    expect(messagesOf({ clusters: [cluster], redis: { sentinel: { ...sentinel, hosts: ['redis://one'] } } })).toEqual([
      expect.stringContaining('must be HOST:PORT'),
    ]);
  });

  test('survives being parsed again', () => {
    const chosen = SETTINGS.filter(
      ({ meta, name }) =>
        meta.secret !== true &&
        !/_file$|^(api\.(?:host|base_path|auth\..+)|alerts\.host|(alerts|monitoring)\.username|slack_channel|slack_operators|agent_script_path)$/.test(
          name,
        ),
    );
    const lenient = { agent_unrestricted_tools: 'true', agent_script_path: 'own.sh', anthropic_api_key: 'k' };
    fc.assert(
      fc.property(fc.subarray(chosen), (settings) => {
        const nested: Record<string, Record<string, unknown>> = { redis: {}, api: {} };
        const flat: Record<string, unknown> = {};
        for (const setting of settings) {
          const [parent = '', child] = setting.path;
          // Settings that need each other.
          if (/sentinel|username|client_/.test(setting.name)) continue;
          if (child === undefined) flat[parent] = otherValue(setting);
          else nested[parent] = { ...nested[parent], [child]: otherValue(setting) };
        }
        const config = configOf({ clusters: [cluster], ...nested, ...flat, ...lenient });
        expect(configOf({ ...JSON.parse(JSON.stringify(config)), ...lenient })).toEqual(config);
      }),
      { numRuns: 50 },
    );
  });
});

test('a way to log in that lacks a setting is a problem at its place', () => {
  const parsed = parse({
    clusters: [cluster],
    api: { auth: { methods: 'oidc, users', oidc: { issuer: 'https://sso.example' } } },
  });
  expect('problems' in parsed ? parsed.problems : []).toMatchObject([
    { path: ['api', 'auth', 'oidc', 'issuer'], message: 'api.auth.oidc.issuer needs api.auth.oidc.client_id' },
    { path: ['api', 'auth', 'methods'], message: 'api.auth.methods: oidc needs api.auth.oidc.client_id' },
    { path: ['api', 'auth', 'methods'], message: expect.stringContaining('oidc needs public_url') },
    { path: ['api', 'auth', 'methods'], message: expect.stringContaining('oidc gives nobody a role') },
  ]);
});

test('alerts beyond loopback need a key or a password', () => {
  const problemsOf = (alerts: object): unknown => {
    const parsed = parse({ clusters: [cluster], alerts });
    return 'problems' in parsed ? parsed.problems : [];
  };
  const key = 'a-key-of-sixteen-characters';
  expect(problemsOf({ host: '0.0.0.0', port: 9099 })).toMatchObject([
    { path: ['alerts', 'host'], message: expect.stringMatching(/^alerts\.host: 0\.0\.0\.0 can be reached/) },
  ]);
  expect(problemsOf({ host: '0.0.0.0' })).toEqual([]);
  expect(problemsOf({ host: '::1', port: 9099 })).toEqual([]);
  expect(problemsOf({ host: '0.0.0.0', port: 9099, access_key: key })).toEqual([]);
  expect(problemsOf({ host: '0.0.0.0', port: 9099, username: 'u', password: key })).toEqual([]);
  expect(problemsOf({ host: '0.0.0.0', port: 9099, allow_anonymous: true })).toEqual([]);
  expect(problemsOf({ port: 9099, username: 'u' })).toMatchObject([
    { message: 'alerts.username needs alerts.password' },
  ]);
  expect(problemsOf({ port: 9099, access_key: 'short' })).toMatchObject([{ path: ['alerts', 'access_key'] }]);
  expect(problemsOf({ labels: { pods: ['pod'] } })).toMatchObject([{ path: ['alerts', 'labels', 'pods'] }]);
});

test('the monitoring of one cluster is checked as that of all', () => {
  const problemsOf = (monitoring: object): unknown => {
    const parsed = parse({ clusters: [{ ...cluster, monitoring }] });
    return 'problems' in parsed ? parsed.problems : [];
  };
  const at = ['clusters', 0, 'monitoring'];
  expect(problemsOf({ prometheus_url: 'http://p:9090', cluster_label: 'cluster', cluster_value: 'eu' })).toEqual([]);
  expect(problemsOf({ prometheus_url: 'p:9090' })).toMatchObject([{ path: [...at, 'prometheus_url'] }]);
  expect(problemsOf({ username: 'u' })).toMatchObject([{ path: [...at, 'username'] }]);
  expect(problemsOf({ bearer_token_file: '/nowhere', ca_file: '/nowhere' })).toMatchObject([
    { path: [...at, 'bearer_token_file'] },
    { path: [...at, 'ca_file'] },
  ]);
});

test('every setting has a description, one environment name and one flag', () => {
  expect(SETTINGS.filter(({ description }) => description === '')).toEqual([]);
  expect(new Set(SETTINGS.map(({ environment }) => environment)).size).toBe(SETTINGS.length);
  expect(SETTINGS.find(({ name }) => name === 'redis.url')).toMatchObject({
    path: ['redis', 'url'],
    environment: 'NIGHTCRIER_REDIS_URL',
    flag: 'redis-url',
  });
});
