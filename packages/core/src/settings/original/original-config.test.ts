import { describe, expect, test } from 'vitest';
import { mapOriginalConfig, mapTuning } from './original-config.ts';
import { adaptOriginalValues } from './original-meanings.ts';
import { ORIGINAL_KEYS, TUNING_KEYS } from './original-keys.ts';
import { settingOf } from '../setting-list.ts';

const warningsOf = (raw: Record<string, unknown>): string[] =>
  mapOriginalConfig(raw).warnings.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('mapOriginalConfig', () => {
  test('leaves a configuration of ours as it is', () => {
    const raw = { clusters: [{ name: 'a', mcp: { endpoint: 'http://a' } }], agent_timeout: 30, api: { port: 0 } };
    expect(mapOriginalConfig(raw)).toMatchObject({ values: raw, warnings: [], problems: [] });
  });

  test('takes the nested settings of the agent, each with a warning that names ours', () => {
    const { values, warnings, moved } = mapOriginalConfig({ agent: { cli: 'claude', timeout: 60 } });
    expect(values).toEqual({ agent_cli: 'claude', agent_timeout: 60 });
    expect(warnings.map(({ message }) => message)).toEqual([
      'agent.cli is called agent_cli in Nightcrier',
      'agent.timeout is called agent_timeout in Nightcrier',
    ]);
    expect(moved.get('agent_timeout')).toEqual(['agent', 'timeout']);
  });

  test('prefers our name where both are given', () => {
    const { values, warnings } = mapOriginalConfig({ agent_cli: 'codex', agent: { cli: 'claude' } });
    expect(values).toEqual({ agent_cli: 'codex' });
    expect(warnings).toMatchObject([{ message: 'agent.cli has no effect: agent_cli is set, too' }]);
  });

  test('accepts keys that have no effect, with one warning each that says why', () => {
    const warnings = warningsOf({
      state_storage: { type: 'sqlite', sqlite_path: 'x', migrations_path: 'y' },
      upload_failed_investigations: false,
      azure_storage_account: 'a',
      skills: { dir: 'x' },
      agent_verbose: true,
      kubernetes_context: 'prod',
    });
    expect(warnings).toHaveLength(6);
    expect(warnings).toContain('state_storage: state_storage has no effect: state is kept in Redis (redis.url)');
  });

  test('takes monitored_clusters, and the names within them', () => {
    const { values, warnings, moved } = mapOriginalConfig({
      monitored_clusters: [
        {
          name: 'a',
          mcp: { endpoint: 'http://a', api_key: 'PLACEHOLDER' },
          triage: { enabled: true, target_kubeconfig_path: 'k', execution_cluster: 'e' },
        },
      ],
    });
    expect(values).toEqual({
      clusters: [{ name: 'a', mcp: { endpoint: 'http://a' }, triage: { enabled: true, kubeconfig: 'k' } }],
    });
    expect(warnings.map(({ path }) => path.join('.'))).toEqual([
      'monitored_clusters',
      'monitored_clusters.0.triage.target_kubeconfig_path',
      'monitored_clusters.0.triage.execution_cluster',
      'monitored_clusters.0.mcp.api_key',
    ]);
    expect(moved.get('clusters.0.triage.kubeconfig')).toEqual(['clusters', 0, 'triage', 'target_kubeconfig_path']);
  });

  test.each(['PLACEHOLDER', 'THIS_IS_A_PLACEHOLDER_TO_REMIND_US', 'placeholder'])(
    'does not send the placeholder %s as a key',
    (api_key) => {
      const { values, warnings } = mapOriginalConfig({ clusters: [{ mcp: { api_key } }] });
      expect(values).toEqual({ clusters: [{ mcp: {} }] });
      expect(warnings).toMatchObject([{ path: ['clusters', 0, 'mcp', 'api_key'] }]);
    },
  );

  test('names a key of a known group that nobody knows', () => {
    expect(mapOriginalConfig({ agent: { clii: 'claude' } }).problems).toEqual([
      { path: ['agent', 'clii'], message: 'unknown key "clii"', knownKeys: expect.arrayContaining(['cli', 'model']) },
    ]);
  });

  test('does not change what it is given', () => {
    const raw = Object.freeze({ agent: Object.freeze({ cli: 'claude' }) });
    mapOriginalConfig(raw);
    expect(raw).toEqual({ agent: { cli: 'claude' } });
  });
});

test('every key that is renamed has a setting of that name', () => {
  const targets = [...ORIGINAL_KEYS, ...TUNING_KEYS].flatMap(({ to }) => (to === undefined ? [] : [to]));
  expect(targets.filter((name) => name !== 'clusters' && settingOf(name) === undefined)).toEqual([]);
});

test('a tuning file gives the minimum size of a report; the rest has no effect', () => {
  const { values, warnings } = mapTuning({
    http: { slack_timeout_seconds: 10 },
    agent: { timeout_buffer_seconds: 60, investigation_min_size_bytes: 300 },
    io: { stdout_buffer_size: 1024 },
  });
  expect(values).toEqual({ report_min_bytes: 300 });
  expect(warnings).toHaveLength(4);
});

describe('adaptOriginalValues', () => {
  const adapt = (values: Record<string, unknown>) => {
    const warnings = adaptOriginalValues(values);
    return { values, warnings: warnings.map(({ message }) => message) };
  };

  test.each(['Read,Write,Grep,Glob,Bash,Skill', ['Read', 'Write', 'Grep', 'Glob', 'Bash', 'Skill']])(
    'replaces the default list of tools of the original system, %s, by the read-only one',
    (agent_allowed_tools) => {
      expect(adapt({ agent_allowed_tools })).toEqual({
        values: {},
        warnings: [expect.stringContaining('read-only list')],
      });
      const unrestricted = { agent_allowed_tools, agent_unrestricted_tools: true };
      expect(adapt({ ...unrestricted })).toEqual({ values: unrestricted, warnings: [] });
    },
  );

  test('leaves any other list to the check for a bare Bash', () => {
    const values = { agent_allowed_tools: 'Read,Bash' };
    expect(adapt({ ...values })).toEqual({ values, warnings: [] });
  });

  test('does not give a model of claude to codex', () => {
    expect(adapt({ agent_cli: 'codex', agent_model: 'sonnet' })).toEqual({
      values: { agent_cli: 'codex' },
      warnings: ['agent_model: sonnet is a model of claude; codex uses its own default model'],
    });
    const claude = { agent_cli: 'claude', agent_model: 'sonnet' };
    expect(adapt({ ...claude })).toEqual({ values: claude, warnings: [] });
  });

  test.each([
    [{ notify_on_agent_failure: true }, /notifies about each incident/],
    [{ severity_threshold: 'ERROR' }, /critical faults only/],
    [{ dedup_window_seconds: 0 }, /still a recurrence/],
  ])('says what %j means here', (values, message) => {
    expect(adapt({ ...values })).toEqual({ values, warnings: [expect.stringMatching(message)] });
  });
});
