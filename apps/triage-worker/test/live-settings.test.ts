import { liveSettings } from '@nightcrier/core/settings/live-settings';
import type { Settings } from '@nightcrier/core/settings/config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { execa } from 'execa';
import { access, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { SlackServer } from '../../../test/fixtures/slack-server.ts';
import { ADMIN_TOKEN } from './backend.ts';
import { backend, harness } from './file-harness.ts';
import { WebhookReceiver } from './notification/webhook-receiver.ts';

type SettingsInput = z.input<typeof Settings>;

const patience = { timeout: 60_000 };
const AGENTS = path.join(import.meta.dirname, 'fixtures/agents');

/** What an agent script was given. */
interface Run {
  flags: string[];
  environment: string;
  prompt: string;
  incident: Incident;
}

/** A flag of the script and its value. */
const flag =
  (name: string, value: string) =>
  ({ flags }: Run): boolean =>
    flags[flags.indexOf(`--${name}`) + 1] === value;
const variable =
  (line: string) =>
  ({ environment }: Run): boolean =>
    environment.split('\n').includes(line);

const ADDRESS = 'https://gateway.example';

/** Settings that a run of the script shows: another value, what else it needs, and what shows it. */
const IN_A_RUN: Record<string, { value: unknown; with?: SettingsInput; check: (run: Run) => boolean }> = {
  agent_cli: { value: 'codex', check: flag('agent', 'codex') },
  agent_model: { value: 'opus', check: ({ flags }) => flags.includes('opus') },
  agent_timeout: { value: 17, check: flag('timeout', '17') },
  agent_engine: { value: 'podman', check: flag('engine', 'podman') },
  agent_image: { value: 'agent:next', check: flag('image', 'agent:next') },
  agent_network: { value: 'inner', check: flag('network', 'inner') },
  agent_memory: { value: '3g', check: flag('memory', '3g') },
  agent_cpus: { value: 3, check: flag('cpus', '3') },
  agent_allowed_tools: { value: ['Read', 'Grep'], check: flag('allowed-tools', 'Read,Grep') },
  additional_agent_prompt: { value: 'Ask Ada.', check: ({ prompt }) => prompt.includes('Ask Ada.') },
  anthropic_api_key: { value: 'a-key', check: variable('ANTHROPIC_API_KEY=a-key') },
  anthropic_base_url: {
    value: ADDRESS,
    with: { anthropic_api_key: 'k' },
    check: variable(`ANTHROPIC_BASE_URL=${ADDRESS}`),
  },
  openai_api_key: { value: 'o-key', with: { agent_cli: 'codex' }, check: variable('OPENAI_API_KEY=o-key') },
  openai_base_url: {
    value: ADDRESS,
    with: { agent_cli: 'codex', openai_api_key: 'k' },
    check: variable(`OPENAI_BASE_URL=${ADDRESS}`),
  },
  gemini_api_key: { value: 'g-key', with: { agent_cli: 'gemini' }, check: variable('GEMINI_API_KEY=g-key') },
  google_gemini_base_url: {
    value: ADDRESS,
    with: { agent_cli: 'gemini', gemini_api_key: 'k' },
    check: variable(`GOOGLE_GEMINI_BASE_URL=${ADDRESS}`),
  },
};

/** Settings whose value is the path of a file, which is written first. */
const IN_A_FILE: Record<string, { content: string; with?: SettingsInput; check: (run: Run) => boolean }> = {
  agent_system_prompt_file: { content: 'Be brief.', check: ({ prompt }) => prompt.includes('Be brief.') },
  anthropic_api_key_file: { content: 'a-file', check: variable('ANTHROPIC_API_KEY=a-file') },
  openai_api_key_file: { content: 'o-file', with: { agent_cli: 'codex' }, check: variable('OPENAI_API_KEY=o-file') },
  gemini_api_key_file: { content: 'g-file', with: { agent_cli: 'gemini' }, check: variable('GEMINI_API_KEY=g-file') },
};

/** The rest: each has a test below, or in the file that is named. */
const ELSEWHERE = {
  'access.test.ts': ['kube_access', 'llm_access'],
  'app.test.ts': ['clusters'],
  'concurrency-reload.test.ts': ['max_concurrent_agents', 'max_agents_per_cluster'],
  'packages/runtime/test/run-process.test.ts': ['log_level'],
  // It only changes which configurations are accepted.
  'packages/core/src/settings/parsing/parse-config.test.ts': ['agent_unrestricted_tools'],
  'monitoring/alert-report.test.ts': [
    'monitoring.prometheus_url',
    'monitoring.alertmanager_url',
    'monitoring.query_timeout',
    'monitoring.cluster_label',
    'monitoring.bearer_token',
    'monitoring.bearer_token_file',
    'monitoring.username',
    'monitoring.password',
    'monitoring.password_file',
    'monitoring.ca_file',
  ],
  // The worker gives the current values to what these test.
  'packages/state/test/problem-life.test.ts': ['reopen_window', 'reinvestigate_after'],
  'packages/state/test/problem-storm.test.ts': ['storm_threshold'],
  'packages/state/test/self-watch.test.ts': ['blind_after', 'heartbeat_url', 'heartbeat_url_file'],
  'test/e2e/prestarted-agents.test.ts': ['agent_prestarted_containers'],
  'apps/ingester/test/silences.test.ts': ['maintenance_windows'],
  'live-settings.test.ts': [
    'require_read_only',
    'max_attempts',
    'max_queue_age_seconds',
    'agent_script_path',
    'agent_fallback',
    'agent_prices',
    'knowledge_dir',
    'report_min_bytes',
    'workspace_root',
    'workspace_retention_days',
    'workspace_retention_count',
    'failure_threshold_for_alert',
    'breaker_probe_interval',
    'notify_on_agent_failure',
    'slack_webhook_url',
    'slack_webhook_url_file',
    'slack_bot_token',
    'slack_bot_token_file',
    'slack_channel',
    'slack_api_url',
    'webhook_url',
    'webhook_url_file',
    'webhook_secret',
    'webhook_secret_file',
    'public_url',
    'route',
    'receivers',
  ],
  'notification/slack-buttons.test.ts': ['slack_app_token', 'slack_app_token_file', 'slack_operators'],
};

it('every live setting of the worker has a test', () => {
  const tested = [...Object.keys(IN_A_RUN), ...Object.keys(IN_A_FILE), ...Object.values(ELSEWHERE).flat()];
  expect(tested.toSorted()).toEqual(liveSettings('triage-worker').toSorted());
});

/** Investigates once, and gives what the script of the agent was given. */
async function investigate(): Promise<Run> {
  const id = await harness.admit();
  const incident = await harness.reaches(id, 'reported');
  const read = async (file: string): Promise<string> => readFile(path.join(incident.workspace ?? '', file), 'utf8');
  return {
    flags: (await read('flags.txt')).split('\n'),
    environment: await read('environment.txt'),
    prompt: await read('prompt-sent.md'),
    incident,
  };
}

describe('a reload applies to the next investigation:', () => {
  it.each(Object.entries(IN_A_RUN))('%s', async (key, { value, with: others = {}, check }) => {
    const worker = await harness.startWorker(harness.config(others, { agent: 'writes-report' }));
    expect(check(await investigate())).toBe(false);
    worker.reloading.apply(harness.config({ ...others, [key]: value }, { agent: 'writes-report' }));
    expect(check(await investigate())).toBe(true);
  });

  it.each(Object.entries(IN_A_FILE))('%s', async (key, { content, with: others = {}, check }) => {
    const file = path.join(harness.folder, key);
    await writeFile(file, content);
    const worker = await harness.startWorker(harness.config(others, { agent: 'writes-report' }));
    expect(check(await investigate())).toBe(false);
    worker.reloading.apply(harness.config({ ...others, [key]: file }, { agent: 'writes-report' }));
    expect(check(await investigate())).toBe(true);
  });

  it('agent_script_path', async () => {
    const worker = await harness.startWorker(harness.config({}, { agent: 'exits-3' }));
    await harness.reaches(await harness.admit(), 'agent_failed');
    worker.reloading.apply(harness.config({}, { agent: 'writes-report' }));
    expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({ agent: 'claude' });
  });

  it('agent_fallback', async () => {
    const worker = await harness.startWorker(harness.config({ agent_fallback: [] }, { agent: 'exits-3' }));
    await harness.reaches(await harness.admit(), 'agent_failed');
    worker.reloading.apply(harness.config({ agent_fallback: ['builtin'] }, { agent: 'exits-3' }));
    expect(await harness.reaches(await harness.admit(), 'reported')).toMatchObject({ agent: 'builtin' });
  });

  it('report_min_bytes', async () => {
    const worker = await harness.startWorker(harness.config({}, { agent: 'writes-report' }));
    await harness.reaches(await harness.admit(), 'reported');
    worker.reloading.apply(harness.config({ report_min_bytes: 100_000 }, { agent: 'writes-report' }));
    const { reason } = await harness.reaches(await harness.admit(), 'agent_failed');
    expect(reason).toMatch(/report|bytes/);
  });

  it('knowledge_dir', async () => {
    const folder = path.join(harness.folder, 'articles');
    await mkdir(folder);
    await writeFile(
      path.join(folder, 'a.md'),
      '---\ntitle: Alpha\nmatchers: cluster=alpha\n---\nAsk the team of alpha.\n',
    );
    const worker = await harness.startWorker(harness.config({}, { agent: 'writes-report' }));
    expect((await investigate()).prompt).not.toContain('Ask the team of alpha.');
    worker.reloading.apply(harness.config({ knowledge_dir: folder }, { agent: 'writes-report' }));
    expect((await investigate()).prompt).toContain('Ask the team of alpha.');
  });

  it('agent_prices', async () => {
    const settings: SettingsInput = { agent_cli: 'codex' };
    const worker = await harness.startWorker(harness.config(settings, { agent: 'uses-tokens' }));
    /** Of one more incident, which uses 1,100 tokens. */
    const usage = async () => {
      const id = await harness.admit();
      await harness.reaches(id, 'reported');
      await expect.poll(async () => (await harness.incident(id)).usage?.output_tokens, patience).toBe(100);
      return (await harness.incident(id)).usage;
    };
    expect(await usage()).toMatchObject({ cost_usd: 0, unpriced_tokens: 1100 });
    const agent_prices = { codex: { input: 10, output: 10 } };
    worker.reloading.apply(harness.config({ ...settings, agent_prices }, { agent: 'uses-tokens' }));
    expect(await usage()).toMatchObject({ cost_usd: 0.011, unpriced_tokens: 0 });
  });

  it('workspace_root', async () => {
    const worker = await harness.startWorker(harness.config({}, { agent: 'writes-report' }));
    const root = path.join(harness.folder, 'other');
    worker.reloading.apply(harness.config({ workspace_root: root }, { agent: 'writes-report' }));
    expect((await investigate()).incident.workspace).toMatch(new RegExp(`^${root}/`));
  });

  it('require_read_only', async () => {
    await writeFile(harness.kubeconfig, backend.cluster.kubeconfig(ADMIN_TOKEN));
    const worker = await harness.startWorker(harness.config({ require_read_only: false }));
    await harness.reaches(await harness.admit(), 'reported');
    worker.reloading.apply(harness.config({ require_read_only: true }));
    expect((await harness.reaches(await harness.admit(), 'failed')).reason).toContain('not read-only');
  });

  it('max_attempts', async () => {
    const worker = await harness.startWorker(harness.config({ max_attempts: 3 }, { agent: 'engine-unavailable' }));
    expect(await harness.reaches(await harness.admit(), 'failed')).toMatchObject({ attempts: 3 });
    worker.reloading.apply(harness.config({ max_attempts: 1 }, { agent: 'engine-unavailable' }));
    expect(await harness.reaches(await harness.admit(), 'failed')).toMatchObject({ attempts: 1 });
  });
});

it('a reload applies max_queue_age_seconds to what waits', async () => {
  const config = (settings: SettingsInput) =>
    harness.config({ max_agents_per_cluster: 1, ...settings }, { agent: 'hangs' });
  const worker = await harness.startWorker(config({ max_queue_age_seconds: 3600 }));
  await harness.reaches(await harness.admit(), 'investigating');
  const waiting = await harness.admit();
  worker.reloading.apply(config({ max_queue_age_seconds: 1 }));
  expect(await harness.reaches(waiting, 'expired')).toMatchObject({ attempts: 0 });
});

it.each([
  ['workspace_retention_days', { workspace_retention_days: 1 }],
  ['workspace_retention_count', { workspace_retention_count: 1, workspace_retention_days: 0 }],
])('a reload applies %s to the workspaces that are there', async (_, settings) => {
  const worker = await harness.startWorker(
    harness.config({ workspace_retention_days: 0, workspace_retention_count: 0 }),
  );
  const [old, recent] = [await harness.admit(), await harness.admit()];
  await Promise.all([harness.reaches(old, 'reported'), harness.reaches(recent, 'reported')]);
  const lastWeek = new Date(Date.now() - 7 * 86_400_000);
  await utimes(path.join(harness.workspace(old), 'incident.json'), lastWeek, lastWeek);
  worker.reloading.apply(harness.config(settings));
  await expect
    .poll(
      async () =>
        access(harness.workspace(old)).then(
          () => 'there',
          () => 'gone',
        ),
      patience,
    )
    .toBe('gone');
  await access(harness.workspace(recent));
});

describe('a reload applies the settings of failing agents:', () => {
  const failing = (settings: SettingsInput) =>
    harness.config({ agent_fallback: ['builtin'], ...settings }, { agent: 'exits-3' });
  const next = async (): Promise<unknown> => harness.reaches(await harness.admit(), 'reported');

  it('failure_threshold_for_alert and breaker_probe_interval', async () => {
    await using receiver = await WebhookReceiver.start();
    const settings = { webhook_url: receiver.url, breaker_probe_interval: 3600 };
    const worker = await harness.startWorker(failing({ ...settings, failure_threshold_for_alert: 0 }));
    await next();
    worker.reloading.apply(failing({ ...settings, failure_threshold_for_alert: 1 }));
    await next();
    const events = (): string[] =>
      receiver.deliveries.flatMap(({ body }) => {
        const { event, problem }: { event: string; problem: { component?: string } } = JSON.parse(body);
        return problem.component === 'agents' ? [event] : [];
      });
    await expect.poll(events, patience).toContain('firing');
    // A working agent is not tried before the interval ends; a shorter one has it tried, and recover.
    worker.reloading.apply(
      harness.config(
        { ...settings, failure_threshold_for_alert: 1, breaker_probe_interval: 1 },
        { agent: 'writes-report' },
      ),
    );
    await expect
      .poll(async () => {
        await next();
        return events();
      }, patience)
      .toContain('recovered');
  });

  it('notify_on_agent_failure', async () => {
    await using receiver = await WebhookReceiver.start();
    const settings = { webhook_url: receiver.url, agent_fallback: [] };
    const worker = await harness.startWorker(failing(settings));
    await harness.reaches(await harness.admit(), 'agent_failed');
    worker.reloading.apply(failing({ ...settings, notify_on_agent_failure: true }));
    const id = await harness.admit();
    await harness.reaches(id, 'agent_failed');
    await expect.poll(() => receiver.deliveries.length, patience).toBe(1);
    expect(receiver.deliveries[0]?.body).toContain(id);
  });
});

describe('a reload applies the targets of notifications:', () => {
  const secretFile = async (name: string, content: string): Promise<string> => {
    const file = path.join(harness.folder, name);
    await writeFile(file, content);
    return file;
  };

  it('webhook_url, webhook_secret and public_url', async () => {
    await using first = await WebhookReceiver.start();
    await using second = await WebhookReceiver.start();
    const worker = await harness.startWorker(harness.config({ webhook_url: first.url }));
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => first.deliveries.length, patience).toBe(1);
    worker.reloading.apply(
      harness.config({ webhook_url: second.url, webhook_secret: 's', public_url: 'https://nightcrier.example' }),
    );
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => second.deliveries.length, patience).toBe(1);
    expect(second.deliveries[0]?.headers['webhook-signature']).toBeDefined();
    expect(second.deliveries[0]?.body).toContain('https://nightcrier.example/');
    expect(first.deliveries).toHaveLength(1);
  });

  it('webhook_url_file and webhook_secret_file', async () => {
    await using receiver = await WebhookReceiver.start();
    const worker = await harness.startWorker(harness.config());
    worker.reloading.apply(
      harness.config({
        webhook_url_file: await secretFile('url', receiver.url),
        webhook_secret_file: await secretFile('secret', 's'),
      }),
    );
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => receiver.deliveries[0]?.headers['webhook-signature'], patience).toBeDefined();
  });

  it('route and receivers', async () => {
    await using first = await WebhookReceiver.start();
    await using second = await WebhookReceiver.start();
    const receivers = (url: string) => [{ name: 'team', webhook_configs: [{ url }] }];
    const route = { receiver: 'team' };
    const worker = await harness.startWorker(
      harness.config({ webhook_url: first.url, receivers: receivers(second.url) }),
    );
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => first.deliveries.length, patience).toBe(1);
    worker.reloading.apply(harness.config({ webhook_url: first.url, route, receivers: receivers(second.url) }));
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => second.deliveries.length, patience).toBe(1);
    expect(first.deliveries).toHaveLength(1);
  });

  it.each(['slack_webhook_url', 'slack_webhook_url_file'])('%s', async (key) => {
    await using slack = await SlackServer.start();
    const worker = await harness.startWorker(harness.config());
    const value = key.endsWith('_file') ? await secretFile('hook', slack.webhookUrl) : slack.webhookUrl;
    worker.reloading.apply(harness.config({ [key]: value }));
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => slack.messages.length, patience).toBe(1);
  });

  it.each(['slack_bot_token', 'slack_bot_token_file'])('%s, slack_channel and slack_api_url', async (key) => {
    await using slack = await SlackServer.start();
    const worker = await harness.startWorker(harness.config());
    const value = key.endsWith('_file') ? await secretFile('token', slack.token) : slack.token;
    worker.reloading.apply(harness.config({ [key]: value, slack_channel: 'C0INCIDENTS', slack_api_url: slack.apiUrl }));
    await harness.reaches(await harness.admit(), 'reported');
    await expect.poll(() => slack.messages.length, patience).toBeGreaterThan(0);
    expect(slack.messages[0]?.channel).toBe('C0INCIDENTS');
  });
});

describe('SIGHUP', () => {
  /** A worker in a process of its own with a configuration file. */
  async function startProcess(settings: object, agent?: string) {
    const file = path.join(harness.folder, 'nightcrier.yaml');
    const { redis, agent_system_prompt_file, workspace_root } = harness.config();
    const write = async (changed: object): Promise<void> => {
      const triage = { enabled: true, kubeconfig: harness.kubeconfig };
      const clusters = [{ name: 'alpha', mcp: { endpoint: backend.cluster.mcpEndpoint }, triage }];
      const script =
        agent === undefined ? {} : { agent_cli: 'claude', agent_script_path: path.join(AGENTS, `${agent}.sh`) };
      const access = { kube_access: 'direct', llm_access: 'direct' };
      const fixed = { redis, agent_system_prompt_file, workspace_root, agent_fallback: [], ...access, ...script };
      await writeFile(file, stringify({ ...fixed, clusters, ...changed }));
    };
    await mkdir(workspace_root, { recursive: true });
    await write(settings);
    const main = path.join(import.meta.dirname, '../src/main.ts');
    const worker = execa(process.execPath, [main, '--config', file], {
      cwd: harness.folder,
      ipc: true,
      reject: false,
      stdout: 'ignore',
    });
    onTestFinished(async () => {
      worker.kill('SIGKILL');
      await worker;
    });
    let log = '';
    worker.stderr.on('data', (chunk) => (log += String(chunk)));
    await worker.getOneMessage();
    /** Resolves when the process has applied the change. */
    const reload = async (changed: object): Promise<void> => {
      const applied = (): number => log.split('configuration reloaded').length;
      const before = applied();
      await write(changed);
      worker.kill('SIGHUP');
      await expect.poll(applied, patience).toBeGreaterThan(before);
    };
    return { reload };
  }

  it('with require_read_only turned on refuses the next incident of a cluster whose kubeconfig can write', async () => {
    await writeFile(harness.kubeconfig, backend.cluster.kubeconfig(ADMIN_TOKEN));
    const { reload } = await startProcess({ require_read_only: false });
    await harness.reaches(await harness.admit(), 'reported');
    await reload({ require_read_only: true });
    expect((await harness.reaches(await harness.admit(), 'failed')).reason).toContain('not read-only');
  });

  it('with another max_attempts ends the next incident after so many', async () => {
    const { reload } = await startProcess({ max_attempts: 20 }, 'engine-unavailable');
    await reload({ max_attempts: 1 });
    expect(await harness.reaches(await harness.admit(), 'failed')).toMatchObject({ attempts: 1 });
  });
});
