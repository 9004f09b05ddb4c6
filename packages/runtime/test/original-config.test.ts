import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, type LoadedConfig } from '../src/configuration/load-config.ts';
import { KUBECONFIG } from './kubeconfig.ts';

/**
 * Files and starts in the shape of the original system's: they load, and every value that is not what it was there is named
 * once (docs/adr/0006-original-configuration-keys.md).
 */
let folder: string;
let formerDirectory: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-original-'));
  await mkdir(path.join(folder, 'kubeconfigs'));
  await writeFile(path.join(folder, 'kubeconfigs/shop.yaml'), KUBECONFIG, { mode: 0o600 });
  formerDirectory = process.cwd();
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(formerDirectory);
  await rm(folder, { recursive: true });
});

async function load(
  lines: string[],
  environment: Record<string, string> = {},
  flags: Record<string, string> = {},
): Promise<LoadedConfig & { warned: string }> {
  await writeFile('config.yaml', lines.join('\n'));
  const loaded = await loadConfig({ flags: { config: 'config.yaml', ...flags }, environment });
  expect(new Set(loaded.warnings).size).toBe(loaded.warnings.length);
  return { ...loaded, warned: loaded.warnings.join('\n') };
}

const CLUSTER = [
  '  - name: shop',
  '    environment: production',
  '    mcp: { endpoint: "http://mcp:8080/mcp", api_key: "PLACEHOLDER" }',
  '    triage:',
  '      enabled: true',
  '      kubeconfig: "./kubeconfigs/shop.yaml"',
  '      allow_secrets_access: false',
];
const COMMON = [
  'subscribe_mode: "faults"',
  'workspace_root: "./incidents"',
  'log_level: "info"',
  'severity_threshold: "ERROR"',
  'max_concurrent_agents: 5',
  'global_queue_size: 100',
  'dedup_window_seconds: 300',
  'queue_overflow_policy: "drop"',
  'shutdown_timeout: 30',
  'sse_reconnect_initial_backoff: 1',
  'sse_reconnect_max_backoff: 60',
  'sse_read_timeout: 120',
  'notify_on_agent_failure: true',
  'failure_threshold_for_alert: 3',
  'upload_failed_investigations: false',
];
const FLAT_AGENT = (cli: string, model: string): string[] => [
  'agent_script_path: "./agent-container/run-agent.sh"',
  'agent_system_prompt_file: "./configs/triage-system-prompt.md"',
  'agent_allowed_tools: "Read,Write,Grep,Glob,Bash,Skill"',
  `agent_cli: "${cli}"`,
  `agent_model: "${model}"`,
  'agent_timeout: 300',
  'agent_image: "nightcrier-agent:latest"',
];

describe('a file of the original system', () => {
  test('with flat settings for claude loads; each value with another meaning is named once', async () => {
    const { config, warnings, warned } = await load(
      ['clusters:', ...CLUSTER, ...FLAT_AGENT('claude', 'sonnet'), ...COMMON, 'cluster_queue_size: 10'],
      { ANTHROPIC_API_KEY: 'sk-ant' },
    );
    // The shipped script: the worker itself does what it did.
    expect(config.agent_script_path).toBeUndefined();
    expect(config).toMatchObject({
      agent_cli: 'claude',
      agent_model: 'sonnet',
      agent_allowed_tools: [],
      severity_threshold: 'error',
      sse_read_timeout: 120,
      cluster_queue_size: 10,
    });
    expect(config.clusters[0]?.mcp?.api_key).toBeUndefined();
    expect(warnings).toHaveLength(5);
    expect(warned).toMatch(/config\.yaml:4:\d+: mcp\.api_key is a placeholder and is not sent/);
    expect(warned).toMatch(/config\.yaml:11:1: agent_allowed_tools is the default list of the original system/);
    expect(warned).toMatch(/severity_threshold: clusters report info, warning and critical/);
    expect(warned).toMatch(/notify_on_agent_failure notifies about each incident/);
    expect(warned).toMatch(/upload_failed_investigations has no effect/);
  });

  test.each([
    ['codex', 'sonnet', { OPENAI_API_KEY: 'sk' }, undefined],
    ['gemini', 'gemini-2.0-flash-exp', { GEMINI_API_KEY: 'k' }, 'gemini-2.0-flash-exp'],
    ['goose', 'haiku', { ANTHROPIC_API_KEY: 'k' }, 'haiku'],
  ])('with flat settings for %s loads', async (cli, model, environment, expected) => {
    const state = ['state_storage:', '  type: "sqlite"', '  sqlite_path: "./data/x.db"', '  migrations_path: "./m"'];
    const { config, warned } = await load(
      ['clusters:', ...CLUSTER, ...FLAT_AGENT(cli, model), ...COMMON, ...state],
      environment,
    );
    expect([config.agent_cli, config.agent_model]).toEqual([cli, expected]);
    expect(warned.match(/state_storage/g)).toHaveLength(1);
    expect(warned).toContain('state_storage has no effect: state is kept in Redis (redis.url)');
  });

  test('with nested settings of the newest kind loads, by the names of its own', async () => {
    const { config, warned } = await load(
      [
        'execution_clusters: []',
        'monitored_clusters:',
        ...CLUSTER.map((line) => line.replace('kubeconfig:', 'target_kubeconfig_path:')),
        'agent:',
        '  cli: "claude"',
        '  model: "haiku"',
        '  timeout: 240',
        '  system_prompt_file: "./configs/base-triage-prompt.md"',
        '  allowed_tools: "Read,Write,Grep,Glob,Bash,Skill"',
        '  additional_prompt: "SLO: 99.9 %"',
        'execution_defaults: { namespace: "nightcrier", timeout: 600, memory_limit: "2Gi" }',
        'drop_events_while_busy: true',
        'cluster_failure_event_queue_size: 3',
        'event_ttl_seconds: 300',
        'slack_webhook_url: ""',
        'object_storage: { url: "azblob://incidents", signed_url_expiry: "168h" }',
        ...COMMON,
      ],
      { ANTHROPIC_API_KEY: 'sk-ant' },
    );
    expect(config).toMatchObject({
      agent_timeout: 240,
      agent_model: 'haiku',
      additional_agent_prompt: 'SLO: 99.9 %',
      cluster_queue_size: 3,
      max_queue_age_seconds: 300,
      clusters: [{ name: 'shop', triage: { kubeconfig: path.join(folder, 'kubeconfigs/shop.yaml') } }],
    });
    expect(config.slack_webhook_url).toBeUndefined();
    expect(config.agent_system_prompt_file).toMatch(/configs\/triage-system-prompt\.md$/);
    expect(warned).toMatch(/config\.yaml:2:1: monitored_clusters is called clusters in Nightcrier/);
    expect(warned).toMatch(/config\.yaml:11:3: agent\.cli is called agent_cli in Nightcrier/);
    expect(warned).toMatch(/execution_defaults has no effect: agents run in containers/);
  });

  test('with storage in Azure loads; the keys have no effect', async () => {
    const { warned } = await load([
      'clusters:',
      ...CLUSTER,
      ...COMMON,
      'azure_storage_account: "a"',
      'azure_storage_key: "hush"',
      'azure_storage_container: "c"',
      'azure_sas_expiry: "168h"',
      'skills: { path: "./skills" }',
      'agent_verbose: true',
      'agent_debug: true',
    ]);
    expect(warned.match(/azure_\w+ has no effect/g)).toHaveLength(4);
    expect(warned.match(/(skills|agent_verbose|agent_debug) has no effect/g)).toHaveLength(3);
    expect(warned).not.toContain('hush');
  });

  test('has its mistakes located under the names that it uses', async () => {
    const loading = load(['monitored_clusters:', ...CLUSTER, 'agent:', '  cli: cloude', '  tiemout: 3']);
    await expect(loading).rejects.toThrow(
      /config\.yaml:10:3: agent_cli: must be one of .*got "cloude"(.|\n)*config\.yaml:11:3: unknown key "tiemout"; did you mean "timeout"\?/,
    );
  });

  test('is found where the original system looks for it', async () => {
    await mkdir('configs');
    await writeFile('configs/config.yaml', ['clusters:', ...CLUSTER].join('\n'));
    await writeFile('config.yaml', 'something: else');
    const { file } = await loadConfig({ environment: {} });
    expect(file).toBe(path.join(folder, 'configs/config.yaml'));
  });

  test('has a tuning file beside it', async () => {
    await writeFile(
      'tuning.yaml',
      'http: { slack_timeout_seconds: 10 }\nagent:\n  investigation_min_size_bytes: 250\n',
    );
    const { config, warned } = await load(['clusters:', ...CLUSTER]);
    expect(config.report_min_bytes).toBe(250);
    expect(warned).toMatch(/^tuning\.yaml:3:3: agent\.investigation_min_size_bytes is called report_min_bytes/m);
    expect(warned).toMatch(/^tuning\.yaml:1:9: http\.slack_timeout_seconds has no effect/m);
    await writeFile('tuning.yaml', 'agent:\n  investigation_min_size_bytes: few\n');
    await expect(load(['clusters:', ...CLUSTER])).rejects.toThrow(/tuning\.yaml:2:3: report_min_bytes: .*got "few"/);
  });
});

describe('a start of the original system', () => {
  const environment = {
    K8S_CLUSTER_MCP_ENDPOINT: 'http://mcp:8080/mcp',
    KUBECONFIG_PATH: 'kubeconfigs/shop.yaml',
  };

  test('by the environment alone works', async () => {
    const { config, warnings } = await loadConfig({
      environment: {
        ...environment,
        SUBSCRIBE_MODE: 'faults',
        WORKSPACE_ROOT: './w',
        AGENT_CLI: 'claude',
        AGENT_MODEL: 'sonnet',
        AGENT_TIMEOUT: '120',
        AGENT_PROMPT: 'Investigate.',
        ANTHROPIC_API_KEY: ' sk-ant\n',
        SEVERITY_THRESHOLD: 'CRITICAL',
        SHUTDOWN_TIMEOUT_SECONDS: '20',
        SSE_READ_TIMEOUT_SECONDS: '90',
        EVENT_TTL_SECONDS: '600',
        KUBERNETES_CONTEXT: 'prod',
        STATE_STORAGE_TYPE: 'postgres',
        STATE_STORAGE_POSTGRES_HOST: 'db',
      },
    });
    expect(config).toMatchObject({
      clusters: [{ name: 'default', triage: { kubeconfig: path.join(folder, 'kubeconfigs/shop.yaml') } }],
      agent_cli: 'claude',
      agent_timeout: 120,
      additional_agent_prompt: 'Investigate.',
      severity_threshold: 'critical',
      shutdown_timeout: 20,
      sse_read_timeout: 90,
      max_queue_age_seconds: 600,
    });
    expect(config.anthropic_api_key?.reveal()).toBe('sk-ant');
    expect(warnings).toEqual([
      'environment variable STATE_STORAGE_TYPE (and 1 more of state_storage): no effect: state is kept in Redis (redis.url)',
      'environment variable KUBERNETES_CONTEXT: no effect: the current-context of each kubeconfig is used; set it there',
    ]);
  });

  test('by flags alone works', async () => {
    const { config, warnings } = await loadConfig({
      flags: {
        'mcp-endpoint': 'http://mcp:8080/mcp',
        'workspace-root': './w',
        'script-path': 'own.sh',
        'log-level': 'debug',
        'agent-timeout': '60',
        'health-port': '9090',
        'notify-on-agent-failure': 'false',
        'upload-failed-investigations': 'true',
      },
      environment: { KUBECONFIG: 'kubeconfigs/shop.yaml' },
    });
    expect(config).toMatchObject({ log_level: 'debug', agent_timeout: 60, api: { port: 9090 } });
    expect(config.agent_script_path).toBe(path.join(folder, 'own.sh'));
    expect(warnings).toEqual([expect.stringMatching(/^flag --upload-failed-investigations: no effect/)]);
  });
});
