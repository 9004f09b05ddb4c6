import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import path from 'node:path';
import { createCertificate } from '@nightcrier/simulator/kubernetes/api/certificate';
import { findByKind } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { expect, it, onTestFinished } from 'vitest';
import { backend, harness } from '../file-harness.ts';

const AT = new Date(Date.now() - 120_000).toISOString();
const alert = {
  labels: { alertname: 'HighLatency', namespace: 'shop', service: 'storefront', severity: 'warning' },
  annotations: {
    summary: 'p99 of storefront is above 2 s',
    description: 'Current=2.7 s, token=ghp_0123456789abcdefghijklmnopqrstuvwxyz',
    runbook_url: 'https://runbooks.example/latency',
  },
  startsAt: AT,
};
const resource = { apiVersion: 'v1', kind: 'Service', name: 'storefront', namespace: 'shop' };

interface Asked {
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Answers the queries of metrics whose name is given, and lists no alerts. */
async function monitoringServer(values: Record<string, object[]> = {}) {
  const asked: Asked[] = [];
  const answer: RequestListener = (request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push({ path: url.pathname, query: url.searchParams, authorization: request.headers.authorization });
    const query = url.searchParams.get('query') ?? '';
    const [, result = []] = Object.entries(values).find(([metric]) => query.includes(metric)) ?? [];
    const vector = { status: 'success', data: { resultType: 'vector', result } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(url.pathname.endsWith('/query') ? vector : []));
  };
  const certificate = await createCertificate(['127.0.0.1']);
  const [plain, secure] = [
    createHttpServer(answer),
    createTlsServer({ key: certificate.key, cert: certificate.cert }, answer),
  ];
  return {
    asked,
    url: `http://127.0.0.1:${await listen(plain)}`,
    secureUrl: `https://127.0.0.1:${await listen(secure)}`,
    certificate: certificate.cert,
  };
}

function podOf(workload: string): string {
  const type = findByKind('v1', 'Pod');
  const pods = type ? backend.cluster.store.list(type, 'shop') : [];
  return pods.map(({ metadata }) => metadata.name).find((name) => name.startsWith(`${workload}-`)) ?? '';
}

async function reportOf(id: string): Promise<string> {
  const { workspace = '' } = await harness.reaches(id, 'reported');
  return readFile(path.join(workspace, 'output/investigation.md'), 'utf8');
}

it('an incident of an alert whose cause nothing shows says what the alert says, and what was read', async () => {
  const { url } = await monitoringServer({ cfs_throttled: [vector(podOf('storefront'), '0.02')] });
  await harness.startWorker(harness.config({ monitoring: { prometheus_url: url } }));
  const report = await reportOf(await harness.admitAlert(alert, resource));
  expect(report).toContain('# Not determined: HighLatency: p99 of storefront is above 2 s (Service shop/storefront)');
  expect(report).toMatch(/## Alert\n\n- Since: `.*`\n- `p99 of storefront is above 2 s`/);
  expect(report).toContain('1. Follow the runbook of the rule: `https://runbooks.example/latency`');
  expect(report).toContain('Only `storefront` is reported as slow');
  expect(report).toMatch(
    /## Metrics\n\n- cpu-throttling \(share of the CPU periods .*\): `pod=storefront-.* container=app` 0.02/,
  );
  expect(report).not.toContain('ghp_0123456789');
});

it('an alert about slow requests is explained by a container that its CPU limit holds back', async () => {
  const { url } = await monitoringServer({ cfs_throttled: [vector(podOf('storefront'), '0.71')] });
  await harness.startWorker(harness.config({ monitoring: { prometheus_url: url } }));
  const id = await harness.admitAlert(alert, resource);
  expect(await reportOf(id)).toContain('# storefront is held back by its CPU limit');
  const { report, workspace = '' } = await harness.incident(id);
  expect(report?.diagnosis?.hypotheses[0]).toMatchObject({
    cause: 'cpu_saturated',
    culprit: { name: 'storefront', container: 'app' },
  });
  const files = await readdir(path.join(workspace, 'evidence'));
  const file = files.find((name) => name.includes('metrics-cpu-throttling')) ?? '';
  expect(await readFile(path.join(workspace, 'evidence', file), 'utf8')).toMatch(
    /query: .*container_cpu_cfs_throttled_periods_total/,
  );
});

it('monitoring that fails is listed as not read, and the incident is investigated', async () => {
  await harness.startWorker(
    harness.config({ monitoring: { prometheus_url: 'http://127.0.0.1:9', alertmanager_url: 'http://127.0.0.1:9' } }),
  );
  const report = await reportOf(await harness.admitAlert(alert, resource));
  expect(report).toMatch(/## Not read\n\n- `amtool alert query .*unreachable/);
  expect(report).toContain('promtool query instant http://127.0.0.1:9');
});

it('a reload of monitoring applies to the next investigation, and a section of the cluster comes before it', async () => {
  const one = await monitoringServer();
  const other = await monitoringServer();
  const secret = path.join(harness.folder, 'secret');
  const ca = path.join(harness.folder, 'ca.pem');
  await writeFile(secret, 'the-secret-of-a-file');
  await writeFile(ca, other.certificate);
  const worker = await harness.startWorker(harness.config({ monitoring: { prometheus_url: one.url } }));
  const investigate = async (monitoring: object, cluster: object = {}): Promise<Asked[]> => {
    worker.reloading.apply(harness.config({ monitoring }, { cluster }));
    const before = other.asked.length;
    await harness.reaches(await harness.admitAlert(alert, resource), 'reported');
    return other.asked.slice(before);
  };
  await harness.reaches(await harness.admitAlert(alert, resource), 'reported');
  expect(one.asked.length).toBeGreaterThan(0);
  const basic = (password: string) => `Basic ${Buffer.from(`u:${password}`).toString('base64')}`;

  const [query] = await investigate({ prometheus_url: other.url, bearer_token: 'the-token' });
  expect(query).toMatchObject({ path: '/api/v1/query', authorization: 'Bearer the-token' });
  const [alerts] = await investigate({
    alertmanager_url: other.url,
    bearer_token_file: secret,
    cluster_label: 'cluster',
  });
  expect(alerts).toMatchObject({ path: '/api/v2/alerts', authorization: 'Bearer the-secret-of-a-file' });
  expect(alerts?.query.getAll('filter')).toEqual(['cluster="alpha"', 'namespace="shop"']);
  const [named] = await investigate({ alertmanager_url: other.url, username: 'u', password: 'the-password' });
  expect(named?.authorization).toBe(basic('the-password'));
  const [filed] = await investigate({ alertmanager_url: other.url, username: 'u', password_file: secret });
  expect(filed?.authorization).toBe(basic('the-secret-of-a-file'));
  expect(await investigate({ alertmanager_url: other.secureUrl })).toEqual([]);
  expect(await investigate({ alertmanager_url: other.secureUrl, ca_file: ca })).toHaveLength(1);
  const own = { monitoring: { alertmanager_url: other.url, query_timeout: 5 } };
  expect(await investigate({ alertmanager_url: one.url }, own)).toHaveLength(1);
  expect(await investigate({ alertmanager_url: other.url, query_timeout: 0.2 })).toHaveLength(1);
});

function vector(pod: string, value: string): object {
  return { metric: { pod, container: 'app' }, value: [Date.now() / 1000, value] };
}
