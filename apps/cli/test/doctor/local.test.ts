import { execa } from 'execa';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SlackServer } from '../../../../test/fixtures/slack-server.ts';
import { whyNoDocker } from '../../../../test/fixtures/agent-image.ts';
import { StrictServer } from '../../../triage-worker/test/notification/strict-servers.ts';
import { nodeCheck } from '../../src/doctor/checks/machine/node.ts';
import { answering, exposed, findsAndFixes, type Row, runFix, SeededSystem } from './seeded.fixture.ts';

let system: SeededSystem;
let slack: SlackServer;
beforeAll(async () => {
  // None of these checks uses Redis.
  system = await SeededSystem.start('redis://127.0.0.1:1');
  slack = await SlackServer.start();
});
afterAll(async () => {
  await slack[Symbol.asyncDispose]();
  await system[Symbol.asyncDispose]();
});

const PAGE = '<html><form>Log in</form></html>';
const HTML = { 'content-type': 'text/html; charset=utf-8' };
const CORRECT = /^correct it at \S+nightcrier\.yaml:\d+:\d+, then: nightcrier validate$/;

const FILES: Row[] = [
  {
    name: 'an unknown setting',
    check: 'configuration',
    finds: /unknown key "pol_interval"/,
    fix: /^write poll_interval at \S+nightcrier\.yaml:\d+:\d+$/,
    seed: () => ({
      settings: { pol_interval: 30 },
      apply: async () => ({ pol_interval: undefined, poll_interval: 30 }),
    }),
  },
  {
    name: 'a credential command that is not installed',
    check: 'configuration',
    finds: /gke-gcloud-auth-plugin-of-nobody/,
    fix: CORRECT,
    seed: async () => {
      const user = '$1exec: { apiVersion: client.authentication.k8s.io/v1, command: gke-gcloud-auth-plugin-of-nobody }';
      const kubeconfig = system.cluster.kubeconfig().replace(/( +)token: .*/, user);
      return {
        settings: { clusters: [await system.entry({}, await system.file(kubeconfig))] },
        apply: async () => ({ clusters: [await system.entry()] }),
      };
    },
  },
  {
    name: 'a secret file that is not there',
    check: 'configuration',
    finds: /\/nowhere\/key/,
    fix: CORRECT,
    seed: () => ({
      settings: { webhook_url: 'https://hooks.example/x', webhook_secret_file: '/nowhere/key' },
      apply: async () => ({ webhook_secret_file: await system.file('a-good-secret') }),
    }),
  },
  {
    name: 'an old Node.js',
    check: 'node',
    finds: /^Node\.js 24 or later is needed$/,
    fix: /npx pnpm nightcrier/,
    seed: () => ({ check: nodeCheck('v20.11.1') }),
  },
  {
    name: 'a secret that every user can read',
    check: 'secrets',
    state: 'warning',
    finds: /every user of this machine can read \S+/,
    fix: /^chmod o-r \S+$/,
    seed: async () => {
      const bot_token_file = await exposed(await system.file('xoxb-token'));
      const receivers = [{ name: 'team', slack_configs: [{ bot_token_file, channel: 'C1' }] }];
      return { settings: { receivers, route: { receiver: 'team' } }, apply: runFix };
    },
  },
  {
    name: 'a data directory that is a file',
    check: 'disk',
    finds: /cannot be written: .*(?:ENOTDIR|not a directory)/,
    fix: /^set data_dir to a directory; \S+ is in its way$/,
    seed: async () => ({
      settings: { data_dir: await system.file('') },
      apply: async () => ({ data_dir: path.join(system.folder, 'other') }),
    }),
  },
  {
    name: 'workspaces that every user can change',
    check: 'disk',
    state: 'warning',
    finds: /every user of this machine can write into/,
    fix: /^chmod o-w \S+$/,
    seed: async () => {
      const workspace_root = path.join(system.folder, 'open');
      await mkdir(workspace_root);
      await chmod(workspace_root, 0o777);
      return { settings: { workspace_root }, apply: runFix };
    },
  },
  {
    name: 'a port of another program',
    check: 'api',
    finds: /^another program listens here$/,
    fix: /^set api\.port to a free one; who listens: ss -ltnp sport = :\d+$/,
    seed: async () => {
      const other = createServer((socket) => socket.end('no HTTP'));
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void other.close());
      const address = other.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      return { settings: { api: { port } }, apply: async () => ({ api: { port: 0 } }) };
    },
  },
];

const AGENT = { agent_cli: 'claude', anthropic_api_key: 'sk-ant-of-the-test' };
const AGENTS: Row[] = [
  {
    name: 'an engine that does not run',
    check: 'engine',
    finds: /the engine does not answer .*ENOENT/,
    fix: /^start the engine at \/nowhere\/docker\.sock \(sudo systemctl start docker\), or set DOCKER_HOST$/,
    seed: () => ({
      settings: AGENT,
      environment: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
      apply: async () => ({ agent_cli: 'builtin' }),
    }),
  },
  {
    name: 'a key that the provider refuses',
    check: 'provider',
    finds: /HTTP 401: invalid x-api-key/,
    fix: /^put a valid key into anthropic_api_key_file, or add credit to its account$/,
    seed: async () => ({
      settings: {
        ...AGENT,
        anthropic_base_url: await answering(401, '{"type":"error","error":{"message":"invalid x-api-key"}}'),
      },
      apply: async () => ({ anthropic_base_url: await answering(200, '{"data":[]}') }),
    }),
  },
  {
    name: 'a login page in place of the provider',
    check: 'provider',
    state: 'warning',
    finds: /the answer is no list of models, as of a login page/,
    fix: /^correct anthropic_base_url/,
    seed: async () => ({
      settings: { ...AGENT, anthropic_base_url: await answering(200, PAGE, HTML) },
      apply: async () => ({ anthropic_base_url: await answering(200, '{"data":[]}') }),
    }),
  },
  {
    name: 'a provider that is unreachable',
    check: 'provider',
    finds: /is unreachable: connect ECONNREFUSED/,
    fix: /^let this machine reach it, set HTTPS_PROXY, or correct openai_base_url$/,
    seed: () => ({
      settings: { agent_cli: 'codex', openai_api_key: 'sk-of-the-test', openai_base_url: 'http://127.0.0.1:1' },
      apply: async () => ({ openai_base_url: await answering(200, '{"data":[]}') }),
    }),
  },
  {
    name: 'a socket directory whose path is too long',
    check: 'gateway',
    finds: /is longer than 103 bytes/,
    fix: /^gateway_socket_dir: \/run\/nightcrier$/,
    seed: () => ({
      settings: { ...AGENT, gateway_socket_dir: path.join(system.folder, 'long'.repeat(20)) },
      apply: async () => ({ gateway_socket_dir: path.join(system.folder, 's') }),
    }),
  },
  {
    name: 'a socket directory that others can change',
    check: 'gateway',
    finds: /can be changed by other users/,
    fix: /^sudo install -d -o \$USER -m 755 \S+$/,
    seed: async () => {
      const gateway_socket_dir = path.join(system.folder, 'shared');
      await mkdir(gateway_socket_dir);
      await chmod(gateway_socket_dir, 0o777);
      return { settings: { ...AGENT, gateway_socket_dir }, apply: async () => chmod(gateway_socket_dir, 0o755) };
    },
  },
];

const receiver = (config: object) => ({ receivers: [{ name: 'team', ...config }], route: { receiver: 'team' } });
const RECEIVERS: Row[] = [
  {
    name: 'a Slack token that is not valid',
    check: 'receiver',
    finds: /Slack's auth\.test answered invalid_auth/,
    fix: /^install the Slack app again, and set slack_bot_token_file/,
    seed: () => {
      const app = { slack_channel: 'C1', slack_api_url: slack.apiUrl };
      return {
        settings: { ...app, slack_bot_token: 'xoxb-revoked-token' },
        apply: async () => ({ slack_bot_token: slack.token }),
      };
    },
  },
  {
    name: 'a Slack webhook that was removed',
    check: 'receiver',
    finds: /Slack's webhook answered 404: no_service/,
    fix: /^make a new incoming webhook in the Slack app, and set slack_webhook_url_file/,
    seed: async () => ({
      settings: { slack_webhook_url: `${await answering(404, 'no_service')}/services/T0/B0/removed` },
      apply: async () => ({ slack_webhook_url: slack.webhookUrl }),
    }),
  },
  {
    name: 'a login page in place of a webhook',
    check: 'receiver',
    finds: /the webhook did not answer as it does: a web page \(200\)/,
    fix: /^correct the webhook URL: a web page or proxy answers there$/,
    seed: async () => ({
      settings: { webhook_url: `${await answering(200, PAGE, HTML)}/hook` },
      apply: async () => ({ webhook_url: `${await answering(405, '')}/hook` }),
    }),
  },
  {
    name: 'a Teams workflow behind a redirect',
    check: 'receiver',
    finds: /a redirect \(302\)/,
    fix: /^correct webhook_url_file of the receiver team: a web page or proxy answers there$/,
    seed: async () => ({
      settings: receiver({
        msteamsv2_configs: [{ webhook_url: `${await answering(302, '', { location: '/login' })}/workflow` }],
      }),
      apply: async () => receiver({ msteamsv2_configs: [{ webhook_url: `${await answering(400, '{}')}/workflow` }] }),
    }),
  },
  {
    name: 'an Alertmanager that asks for a password',
    check: 'receiver',
    finds: /Alertmanager 127\.0\.0\.1:\d+ answered 401/,
    fix: /^set bearer_token_file, or username and password_file of the receiver team$/,
    seed: async () => ({
      settings: receiver({ alertmanager_configs: [{ urls: [await answering(401, 'Unauthorized')] }] }),
      apply: async () => receiver({ alertmanager_configs: [{ urls: [await answering(200, '')] }] }),
    }),
  },
  {
    name: 'a routing key that PagerDuty does not know',
    check: 'receiver',
    finds: /PagerDuty answered 400: .*Invalid routing key/,
    fix: /^set routing_key_file to the integration key of an Events API v2 integration of the receiver team$/,
    seed: async () => {
      const service = await StrictServer.start((body) => {
        const known = body.includes('"routing_key":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"');
        const answer = { status: 202, body: '{"status":"success","dedup_key":"nightcrier:check"}' };
        return { ...(!known && { violation: 'Invalid routing key' }), accepted: body, answer };
      });
      onTestFinished(async () => service[Symbol.asyncDispose]());
      const pagerduty = (routing_key: string) => receiver({ pagerduty_configs: [{ routing_key, url: service.url }] });
      return { settings: pagerduty('x'.repeat(32)), apply: async () => pagerduty('k'.repeat(32)) };
    },
  },
  {
    name: 'an SMTP server that does not run',
    check: 'receiver',
    finds: /the SMTP server did not accept the mail: connect ECONNREFUSED/,
    fix: /^let this machine reach it, set HTTPS_PROXY, or correct smarthost of the receiver team$/,
    seed: () => ({
      settings: receiver({
        email_configs: [{ to: ['a@example.org'], from: 'n@example.org', smarthost: '127.0.0.1:1' }],
      }),
    }),
  },
];

describe('doctor finds, and its fix is right:', () => {
  it.each([...FILES, ...AGENTS, ...RECEIVERS])('$name', async (row) => {
    expect(await findsAndFixes(system, row)).toEqual([]);
  });

  it('nothing, and no message shows, where all suits', async () => {
    for (const check of ['configuration', 'secrets', 'disk', 'engine', 'provider', 'gateway', 'receiver', 'api']) {
      const { findings, exitCode } = await system.examine(check, {});
      expect([check, findings.filter(({ state }) => state !== 'ok' && state !== 'skipped'), exitCode]).toEqual([
        check,
        [],
        0,
      ]);
    }
    expect(slack.messages).toEqual([]);
  });
});

const noTmpfs = await (async (): Promise<string | undefined> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-tmpfs-'));
  const { failed } = await execa('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { reject: false });
  if (!failed) await execa('umount', [folder]);
  await rm(folder, { recursive: true });
  return failed ? 'needs the right to mount' : undefined;
})();

it.skipIf(noTmpfs)(
  `doctor finds a full disk, and a read-only one${noTmpfs ? ` (skipped: ${noTmpfs})` : ''}`,
  async () => {
    const data_dir = await mkdtemp(path.join(tmpdir(), 'nightcrier-full-'));
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', data_dir]);
    onTestFinished(async () => {
      await execa('umount', [data_dir]);
      await rm(data_dir, { recursive: true });
    });
    await writeFile(path.join(data_dir, 'full'), Buffer.alloc(248 * 1024));
    const examine = async () => (await system.examine('disk', { settings: { data_dir } })).findings[0];
    expect(await examine()).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/ENOSPC/),
      fix: expect.stringMatching(/^free space on the file system of /),
    });
    await rm(path.join(data_dir, 'full'));
    expect(await examine()).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/KiB|MiB free/),
      fix: expect.stringMatching(/^free space/),
    });
    await execa('mount', ['-o', 'remount,ro', data_dir]);
    expect(await examine()).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/EROFS/),
      fix: expect.stringMatching(/not mounted read-only$/),
    });
  },
);

const noDocker = await whyNoDocker();
it.skipIf(noDocker)(`doctor finds an image that is missing${noDocker ? ` (skipped: ${noDocker})` : ''}`, async () => {
  const settings = { ...AGENT, agent_image: 'nightcrier-agent-of-nobody:latest' };
  const { findings } = await system.examine('engine', { settings });
  expect(findings).toMatchObject([
    { state: 'ok', message: 'reachable' },
    { state: 'failed', fix: 'docker build --tag nightcrier-agent-of-nobody agent-container' },
  ]);
});

it('doctor recognises the API over TLS', async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'other.test' }], { keyType: 'ec' });
  const server = createHttpsServer({ cert, key }, (_, response) => response.end('{"status":"ok"}')).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const tls = { cert_file: await system.file(cert), key_file: await system.file(key) };
  const { findings } = await system.examine('api', { settings: { api: { port, tls } } });
  expect(findings).toMatchObject([{ state: 'ok', message: 'the API answers' }]);
});

it('the command prints a table that fits, or JSON, and its exit code is that of the findings', async () => {
  const file = path.join(system.folder, 'invalid.yaml');
  await writeFile(file, 'pol_interval: 30\nclusters: []\n');
  const main = path.join(import.meta.dirname, '../../src/main.ts');
  const run = async (...args: string[]) =>
    execa(process.execPath, [main, 'doctor', file, ...args], { reject: false, env: { NO_COLOR: '1' } });
  const [table, json] = await Promise.all([run(), run('-o', 'json')]);
  expect([table.exitCode, json.exitCode]).toEqual([78, 78]);
  expect(table.stdout.split('\n').every((line) => line.length <= 100)).toBe(true);
  expect(table.stdout).toMatch(/^✗ configuration {2}/);
  expect(table.stdout).toContain('→ write poll_interval at');
  expect(table.stdout).not.toContain('\u001B');
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: false,
    findings: [{ check: 'configuration', state: 'failed' }, {}],
  });
});
