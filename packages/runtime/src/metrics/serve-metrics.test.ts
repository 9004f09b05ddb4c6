import { silentLogger } from '@nightcrier/core/logger';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { admissionSeconds } from './process-metrics.ts';
import { serveMetrics } from './serve-metrics.ts';

const hasPromtool = await execa('promtool', ['--version'], { reject: false }).then(({ failed }) => !failed);
const ADDRESS = { host: '127.0.0.1', port: 0 };

test('serves the metrics of the process and its liveness, and nothing else', async () => {
  const server = await serveMetrics(ADDRESS, silentLogger);
  try {
    admissionSeconds.observe(0.02);
    const metrics = await fetch(`${server.url}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const text = await metrics.text();
    expect(text).toMatch(/^nightcrier_admission_duration_seconds_bucket\{le="0\.025"\} \d+$/m);
    expect(text).toContain('nightcrier_gateway_request_duration_seconds_count{door="llm",decision="denied"} 0');
    expect(text).toContain('process_resident_memory_bytes');
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    const statuses = await Promise.all(
      ['/', '/metricsx', '/..'].map(async (path) => (await fetch(`${server.url}${path}`)).status),
    );
    expect(statuses).toEqual([404, 404, 404]);
    expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(404);
  } finally {
    await server.stop();
  }
});

test.skipIf(!hasPromtool)('the metrics follow the conventions of Prometheus', async () => {
  const server = await serveMetrics(ADDRESS, silentLogger);
  try {
    const input = await (await fetch(`${server.url}/metrics`)).text();
    const { stdout, stderr, exitCode } = await execa('promtool', ['check', 'metrics'], { input, reject: false });
    expect([exitCode, stdout + stderr]).toEqual([0, '']);
  } finally {
    await server.stop();
  }
});

test('an address that is in use is named', async () => {
  const server = await serveMetrics(ADDRESS, silentLogger);
  try {
    const port = Number(new URL(server.url).port);
    await expect(serveMetrics({ ...ADDRESS, port }, silentLogger)).rejects.toThrow(
      `metrics cannot be served on 127.0.0.1:${port}: free the port, or set metrics.host and metrics.port`,
    );
  } finally {
    await server.stop();
  }
});
