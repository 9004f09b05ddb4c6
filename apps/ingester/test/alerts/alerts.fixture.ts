import type { Config } from '@nightcrier/core/settings/config';
import { silentLogger } from '@nightcrier/core/logger';
import { openState } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { expect, onTestFinished } from 'vitest';
import { startIngester } from '../ingester.fixture.ts';

export const patient = { timeout: 60_000 };

/** The problems of a cluster, and what is remembered of its alerts. */
export function alertState({ redis: { url = '', key_prefix } }: Config, now?: () => number) {
  const connection = connectWorker({ url, key_prefix }, silentLogger);
  onTestFinished(() => disconnect(connection));
  const state = openState(connection, { key_prefix, logger: silentLogger, ...(now && { now }) });
  return {
    problems: () => state.problems.list('alpha'),
    alerts: () => state.alerts.list('alpha'),
    counts: async () => {
      const counts = Object.entries(await state.alertCounters.read());
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    },
    unassigned: () => state.alertCounters.unassigned(),
    sweep: () => state.alerts.sweep('alpha'),
    clusters: () => state.alerts.clusters(),
  };
}

/** A running ingester that receives alerts. */
export async function startReceiver(config: Config) {
  const started = await startIngester(config);
  const url = started.lines.find(({ message }) => message === 'alert receiver started')?.fields['url'];
  expect(url).toBeTypeOf('string');
  await expect.poll(async () => (await fetch(`${String(url)}/-/ready`)).status, patient).toBe(200);
  const post = async (
    body: unknown,
    { path = '/api/v2/alerts', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
  ) =>
    fetch(`${String(url)}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { ...started, url: String(url), post };
}

export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}

/** An alert as Prometheus posts it: it ends in four minutes unless it is sent again. */
export function alertOf(labels: Record<string, string>, changes: object = {}) {
  return {
    labels: { alertname: 'HighErrorRate', namespace: 'shop', severity: 'warning', ...labels },
    annotations: { summary: 'More than 5 % of the requests fail', description: 'Current=12%' },
    startsAt: minutesAgo(2),
    endsAt: minutesAgo(-4),
    generatorURL: 'http://prometheus.example/graph',
    ...changes,
  };
}
