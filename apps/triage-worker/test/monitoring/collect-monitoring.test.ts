import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { StoredAlert } from '@nightcrier/core/alerts/stored-alert';
import { MonitoringConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { expect, onTestFinished, test } from 'vitest';
import {
  HAS_MONITORING,
  startAlertmanager,
  startExporter,
  startPrometheus,
} from '../../../../test/fixtures/monitoring-servers.ts';
import { collectMonitoring } from '../../src/evidence/collect/collect-monitoring.ts';
import { type Evidence, piecesOf } from '../../src/evidence/evidence.ts';

const patient = { timeout: 60_000 };
const AT = new Date().toISOString();

const clusterEvent: ClusterEvent = {
  cluster_name: 'alpha',
  labels: {},
  source: 'subscription',
  problem: 'shop/storefront',
  received_at: AT,
  event: {
    faultId: 'f',
    faultType: 'HighErrorRate',
    severity: 'critical',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'storefront-1', namespace: 'shop' },
    timestamp: AT,
  },
};

/** One pod on one node. */
const evidence: Evidence = {
  collectedAt: AT,
  pieces: [
    {
      type: 'object',
      role: 'resource',
      command: 'kubectl get pod storefront-1',
      at: AT,
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'storefront-1', namespace: 'shop' },
        spec: { nodeName: 'node-1', containers: [{ name: 'app' }] },
      },
    },
  ],
};

async function collected(monitoring: object, received: StoredAlert[] = []) {
  const pieces = await collectMonitoring({
    monitoring: MonitoringConfig.parse(monitoring),
    cluster: 'alpha',
    clusterEvent,
    received,
    evidence,
  });
  return {
    pieces,
    alerts: piecesOf({ pieces }, 'alerts').flatMap(({ alerts }) => alerts.map(({ labels }) => labels['alertname'])),
    gaps: piecesOf({ pieces }, 'gap'),
    metrics: Object.fromEntries(piecesOf({ pieces }, 'metrics').map(({ name, series }) => [name, series])),
  };
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

function stored(alertname: string, changes: Partial<StoredAlert> = {}): StoredAlert {
  return {
    alert: { labels: { alertname }, annotations: {}, startsAt: AT },
    state: 'firing',
    starts_at: 0,
    received_at: 0,
    until: 0,
    problem: 'shop/storefront',
    symptom: '-/alert',
    workload: { namespace: 'shop', name: 'storefront' },
    family: 'alert',
    fault_type: alertname,
    severity: 'warning',
    resource: { apiVersion: 'v1', kind: 'Service', name: 'storefront', namespace: 'shop' },
    ...changes,
  };
}

test('the alerts of the problem come first, then those of its namespace and of nodes; others are left out', async () => {
  const elsewhere = { apiVersion: 'v1', kind: 'Service', name: 'x', namespace: 'other' };
  const { alerts } = await collected({}, [
    stored('Elsewhere', { problem: 'other/x', resource: elsewhere }),
    stored('OfNode', { problem: '/Node%2Fnode-1', resource: { apiVersion: 'v1', kind: 'Node', name: 'node-1' } }),
    stored('OfNamespace', { problem: 'shop/cart' }),
    stored('Own'),
    stored('Over', { state: 'resolved' }),
  ]);
  expect(alerts).toEqual(['Own', 'OfNamespace', 'OfNode']);
});

test.skipIf(!HAS_MONITORING)(
  'alerts of a real Alertmanager and metrics of a real Prometheus become evidence, each with its query (needs prometheus and prometheus-alertmanager on the PATH)',
  async () => {
    const began = Date.now();
    const seconds = () => (Date.now() - began) / 1000;
    const container = 'namespace="shop",pod="storefront-1",container="app"';
    const exporter = await startExporter(() => [
      `container_cpu_cfs_periods_total{${container}} ${seconds() * 10}`,
      `container_cpu_cfs_throttled_periods_total{${container}} ${seconds() * 6}`,
      `container_memory_working_set_bytes{${container}} 97`,
      `container_memory_working_set_bytes{namespace="shop",pod="cart-1",container="app"} 50`,
      `kube_pod_container_resource_limits{${container},resource="memory"} 100`,
      `node_uname_info{instance="10.0.0.1:9100",nodename="node-1"} 1`,
      `node_memory_MemAvailable_bytes{instance="10.0.0.1:9100"} 25`,
      `node_memory_MemTotal_bytes{instance="10.0.0.1:9100"} 100`,
    ]);
    const alertmanager_url = await startAlertmanager({ url: 'http://127.0.0.1:9/webhook' });
    const prometheus_url = await startPrometheus(exporter.target, {
      static_configs: [{ targets: [new URL(alertmanager_url).host] }],
    });
    exporter.set(1);
    const all = async () => collected({ prometheus_url, alertmanager_url });
    await expect.poll(async () => (await all()).alerts, patient).toEqual(['HighErrorRate']);
    await expect
      .poll(async () => (await all()).metrics, patient)
      .toMatchObject({
        'cpu-throttling': [{ labels: { pod: 'storefront-1', container: 'app' }, value: expect.closeTo(0.6, 1) }],
        'memory-use-to-limit': [{ labels: { pod: 'storefront-1' }, value: 0.97 }],
        'node-memory': [{ labels: { nodename: 'node-1' }, value: 0.75 }],
      });
    await expect.poll(async () => (await all()).gaps, patient).toEqual([]);
    const { pieces } = await all();
    expect(pieces.map(({ command }) => command)).toContainEqual(
      `amtool alert query --alertmanager.url=${alertmanager_url} 'namespace="shop"'`,
    );
    expect(pieces.map(({ command }) => command)).toContainEqual(expect.stringMatching(/^promtool query instant http/));
    // What another cluster calls the same is not taken for ours.
    const labelled = { prometheus_url, alertmanager_url, cluster_label: 'cluster' };
    expect((await collected({ ...labelled, cluster_value: 'other' })).alerts).toEqual([]);
    await expect.poll(async () => (await collected(labelled)).alerts, patient).toEqual(['HighErrorRate']);
  },
);

test('sends the configured credentials, and follows no redirect with them', async () => {
  const seen: (string | undefined)[] = [];
  const url = await serve(({ headers }, response) => {
    seen.push(headers.authorization);
    response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
  });
  const { gaps } = await collected({ alertmanager_url: url, bearer_token: 'the-token' });
  await collected({ alertmanager_url: url, username: 'u', password: 'p' });
  expect(seen).toEqual(['Bearer the-token', `Basic ${Buffer.from('u:p').toString('base64')}`]);
  expect(gaps).toMatchObject([{ code: 'http', reason: expect.stringContaining('302') }]);
});

test.each([
  ['unauthorized', 401, 'no', 'credentials'],
  ['failing', 500, 'boom', 'http'],
  ['answering with text', 200, 'hello', 'http'],
  ['answering with other JSON', 200, '{"data":[]}', 'http'],
])('a Prometheus that is %s is unavailable evidence', async (_, status, body, code) => {
  const url = await serve((_request, response) => response.writeHead(status).end(body));
  const { gaps, metrics } = await collected({ prometheus_url: url });
  expect(metrics).toEqual({});
  expect(gaps[0]).toMatchObject({ code, command: expect.stringContaining('promtool query instant') });
});

test('a server that does not answer in time, or cannot be reached, is one gap and is asked no more', async () => {
  let asked = 0;
  const slow = await serve(() => void (asked += 1));
  const { gaps } = await collected({ prometheus_url: slow, query_timeout: '100ms' });
  expect(gaps).toMatchObject([{ code: 'timeout' }]);
  expect(asked).toBeLessThanOrEqual(4);
  expect((await collected({ prometheus_url: 'http://127.0.0.1:9' })).gaps).toMatchObject([{ code: 'unreachable' }]);
  expect((await collected({ prometheus_url: slow, bearer_token_file: '/nowhere' })).gaps).toMatchObject([
    { code: 'unreachable' },
  ]);
});
