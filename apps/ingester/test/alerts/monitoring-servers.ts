import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { expect, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { patient } from './alerts.fixture.ts';

const PROMETHEUS = find('prometheus');
const ALERTMANAGER = find('prometheus-alertmanager') ?? find('alertmanager');
export const HAS_MONITORING = PROMETHEUS !== undefined && ALERTMANAGER !== undefined;
export const NEEDS_MONITORING = 'needs prometheus and prometheus-alertmanager on the PATH';

function find(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    try {
      accessSync(path.join(folder, name), constants.X_OK);
      return path.join(folder, name);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** A metric of one Service, as an exporter serves it. */
export async function startExporter() {
  let value = 0;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`shop_failing_requests{namespace="shop",service="storefront"} ${value}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { target: `127.0.0.1:${port}`, set: (next: number) => void (value = next) };
}

/** A Prometheus that scrapes the target and has one rule, quick enough for a test. @returns its URL */
export async function startPrometheus(target: string, alertmanager: object): Promise<string> {
  const port = await getPort();
  const folder = await folderOf({
    'prometheus.yml': {
      global: { scrape_interval: '200ms', evaluation_interval: '200ms', external_labels: { cluster: 'alpha' } },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'shop', honor_labels: true, static_configs: [{ targets: [target] }] }],
      alerting: { alertmanagers: [alertmanager] },
    },
    'rules.yml': {
      groups: [
        {
          name: 'shop',
          rules: [
            {
              alert: 'HighErrorRate',
              expr: 'sum by (namespace, service) (shop_failing_requests) > 0',
              labels: { severity: 'critical' },
              annotations: { summary: '{{ $labels.service }}: {{ $value }} requests fail' },
            },
          ],
        },
      ],
    },
  });
  await run(PROMETHEUS ?? '', [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--rules.alert.resend-delay=500ms',
  ]);
  return untilReady(`http://127.0.0.1:${port}`);
}

/** An Alertmanager with one receiver, a webhook. @returns its URL */
export async function startAlertmanager(webhook: object): Promise<string> {
  const port = await getPort();
  const folder = await folderOf({
    'alertmanager.yml': {
      route: {
        receiver: 'nightcrier',
        group_by: ['alertname'],
        group_wait: '0s',
        group_interval: '1s',
        repeat_interval: '1s',
      },
      receivers: [{ name: 'nightcrier', webhook_configs: [{ send_resolved: true, ...webhook }] }],
    },
  });
  await run(ALERTMANAGER ?? '', [
    `--config.file=${folder}/alertmanager.yml`,
    `--storage.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  return untilReady(`http://127.0.0.1:${port}`);
}

async function folderOf(files: Record<string, object>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-monitoring-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), stringify(content));
  return folder;
}

async function run(command: string, args: string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await once(child, 'spawn');
}

async function untilReady(url: string): Promise<string> {
  const status = async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.status;
  await expect.poll(status, patient).toBe(200);
  return url;
}
