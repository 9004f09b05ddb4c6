import { ApiFailure } from '@nightcrier/core/api/errors';
import { exchange } from '../../../../test/fixtures/raw-http.ts';
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
    expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405);
  } finally {
    await server.stop();
  }
});

test('every failure has the form of all failures, and every answer the security headers', async () => {
  const server = await serveMetrics(ADDRESS, silentLogger);
  const request = (line: string, headers = 'host: localhost\r\n'): string =>
    `${line} HTTP/1.1\r\n${headers}connection: close\r\n\r\n`;
  try {
    const requests: Array<[request: string, status: number, code?: string]> = [
      [request('GET /healthz'), 200],
      [request('GET /metrics', 'host: localhost\r\nexpect: more\r\n'), 200],
      [request('GET /other'), 404, 'not_found'],
      [request('POST /metrics'), 405, 'method_not_allowed'],
      [request('GET /metrics', ''), 400, 'bad_request'],
      [request('GET /metrics', `host: localhost\r\nx: ${'y'.repeat(40_000)}\r\n`), 431, 'headers_too_large'],
      [request('CONNECT evil.example:443'), 400, 'bad_request'],
      ['SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'bad_request'],
    ];
    for (const [bytes, status, code] of requests) {
      const answer = await exchange(server.url, bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      expect(head.toLowerCase()).toContain('x-content-type-options: nosniff');
      expect(head.includes('allow: GET, HEAD')).toBe(status === 405);
      if (code === undefined) continue;
      expect(head.toLowerCase()).toContain('content-type: application/problem+json');
      expect(ApiFailure.parse(JSON.parse(body))).toMatchObject({ status, error: { code } });
    }
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
