import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';

const cli = path.join(import.meta.dirname, '../src/main.ts');
let folder: string;
const routes = (...args: string[]) =>
  execa(process.execPath, [cli, 'routes', 'test', '--config', 'routes.yaml', ...args], {
    reject: false,
    cwd: folder,
    env: { PATH: process.env.PATH },
    extendEnv: false,
  });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-routes-'));
  const config = {
    clusters: [
      { name: 'west', environment: 'production', labels: { team: 'payments' }, mcp: { endpoint: 'http://w' } },
    ],
    slack_webhook_url: 'https://hooks.example/hush',
    route: {
      repeat_interval: '4h',
      routes: [
        { matchers: 'severity="critical"', receiver: 'pager', continue: true, repeat_interval: '30m' },
        { matchers: ['team="payments"', 'environment="production"'], receiver: 'payments' },
      ],
    },
    receivers: [
      { name: 'pager', pagerduty_configs: [{ routing_key: 'a'.repeat(32) }] },
      {
        name: 'payments',
        webhook_configs: [{ url: 'https://one.example' }],
        alertmanager_configs: [{ urls: ['http://am:9093'] }],
      },
    ],
  };
  await writeFile(path.join(folder, 'routes.yaml'), stringify(config));
});
afterAll(() => rm(folder, { recursive: true }));

test('nightcrier routes test prints the receivers of a problem, by the labels of its cluster', async () => {
  const { stdout, exitCode } = await routes('--cluster', 'west', '--severity', 'critical', '-o', 'json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    labels: { cluster: 'west', environment: 'production', team: 'payments', severity: 'critical' },
    receivers: [
      {
        receiver: 'pager',
        route: 'route.routes[0]',
        repeat_interval: 1800,
        targets: [{ id: expect.stringMatching(/^pager\.pagerduty\.[0-9a-f]{10}$/), kind: 'pagerduty' }],
      },
      {
        receiver: 'payments',
        route: 'route.routes[1]',
        repeat_interval: 14_400,
        targets: [
          { id: expect.stringMatching(/^payments\.alertmanager\.[0-9a-f]{10}$/), kind: 'alertmanager' },
          { id: expect.stringMatching(/^payments\.webhook\.[0-9a-f]{10}$/), kind: 'webhook' },
        ],
      },
    ],
  });
});

test('nightcrier routes test takes labels of a cluster that is not configured', async () => {
  const { stdout, stderr } = await routes(
    '--cluster',
    'east',
    '--labels',
    'team=payments',
    '--fault-type',
    'CrashLoop',
  );
  expect(stdout).toMatch(/fault_type="CrashLoop"[^]*default[^]*route [^]*every 4h[^]*slack-webhook/);
  expect(stderr).toBe('warning: the configuration has no cluster east; its labels are those given here');
  expect(stdout).not.toContain('hush');
  expect((await routes('--labels', 'team')).exitCode).toBe(64);
});
