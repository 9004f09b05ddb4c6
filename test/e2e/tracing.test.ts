import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { createServer } from 'node:http';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder, startSystem } from '../fixtures/running-system.ts';
import { startTraceReceiver } from '../fixtures/trace-receiver.ts';

/** Starts a webhook that accepts everything. Returns its address, and how many requests it has accepted. */
async function startWebhook(): Promise<{ url: string; accepted: () => number }> {
  let accepted = 0;
  const server = createServer((request, response) => {
    request.resume();
    accepted += 1;
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/hook`,
    accepted: () => accepted,
  };
}

test('an incident is one trace from the notification to the receiver, over all processes', async () => {
  await using receiver = await startTraceReceiver();
  const cluster = await startSimulatedCluster({ name: 'west' });
  onTestFinished(() => cluster.stop());
  const webhook = await startWebhook();
  const folder = await makeFolder();
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  const system = await startSystem(
    folder,
    { clusters: [{ name: 'west', mcp_endpoint: cluster.mcpEndpoint, kubeconfig }], webhook_url: webhook.url },
    { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    ['--processes'],
  );
  let incidents;
  try {
    await cluster.waitForSubscriber(AbortSignal.timeout(120_000));
    await cluster.run('crash-loop-back-off');
    await expect
      .poll(async () => (await system.incidents()).map(({ state }) => state), { timeout: 60_000 })
      .toEqual(['reported']);
    await expect.poll(webhook.accepted, { timeout: 60_000 }).toBeGreaterThan(0);
    incidents = await system.incidents();
  } finally {
    // Each process sends what is pending when it stops.
    await system.dispose();
  }

  const traceId = incidents[0]?.incident_id.replaceAll('-', '');
  const own = receiver.spans.filter((span) => span.traceId === traceId);
  const services = new Map(own.map(({ name, service }) => [name, service]));
  expect(Object.fromEntries(services)).toMatchObject({
    notification: 'nightcrier-ingester',
    admission: 'nightcrier-ingester',
    queue: 'nightcrier-triage-worker',
    triage: 'nightcrier-triage-worker',
    'triage evidence': 'nightcrier-triage-worker',
    'triage agent': 'nightcrier-triage-worker',
    incident: 'nightcrier-triage-worker',
    delivery: 'nightcrier-triage-worker',
  });
  const roots = own.filter(({ parentSpanId }) => (parentSpanId ?? '') === '');
  expect(roots.map(({ name }) => name)).toEqual(['incident']);
  const below = own.filter(({ name }) => name !== 'incident');
  expect(new Set(below.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([roots[0]?.spanId]));
  expect(own.every(({ attributes }) => attributes['nightcrier.incident_id'] === incidents[0]?.incident_id)).toBe(true);
});
