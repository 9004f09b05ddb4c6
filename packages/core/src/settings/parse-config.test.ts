import { describe, expect, test } from 'vitest';
import { SETTINGS } from './setting-list.ts';
import { type ConfigSurroundings, parseConfig } from './parse-config.ts';

const surroundings: ConfigSurroundings = {
  isFile: (path) => path.endsWith('.kubeconfig') || path.endsWith('.key'),
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
    expect(messagesOf({ mcp_endpoint: 'http://one' }, { isFile: () => false }).join()).toContain('set KUBECONFIG');
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
        expect.objectContaining({ path: ['redis', 'uri'], knownKeys: ['url', 'key_prefix'] }),
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

  test('warns of a webhook whose notifications are not signed', () => {
    const parsed = parse({ clusters: [cluster], webhook_url: 'https://ops.example/hook' });
    expect('warnings' in parsed && parsed.warnings).toEqual([
      { path: ['webhook_url'], message: expect.stringContaining('set webhook_secret') },
    ]);
  });
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
