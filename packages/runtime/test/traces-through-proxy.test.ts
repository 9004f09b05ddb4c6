import { silentLogger } from '@nightcrier/core/logger';
import { useProxies } from '@nightcrier/core/settings/proxies';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { startConnectProxy } from '../../../test/fixtures/connect-proxy.ts';
import { startTraceReceiver } from '../../../test/fixtures/trace-receiver.ts';
import { exportTraces } from '../src/tracing/export-traces.ts';
import { recordSpan } from '../src/tracing/spans.ts';

afterEach(() => {
  useProxies({});
  vi.unstubAllEnvs();
});

test.each([
  ['through the proxy that the environment names', {}, ['traces.example.com']],
  ['directly where NO_PROXY exempts the receiver', { NO_PROXY: 'localhost' }, []],
])('traces are sent %s', async (_, exempt, hosts) => {
  const proxy = await startConnectProxy();
  await using receiver = await startTraceReceiver();
  const url = new URL(receiver.url);
  url.hostname = hosts[0] ?? 'localhost';
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url.href);
  useProxies({ HTTP_PROXY: proxy.url, ...exempt });
  const traces = await exportTraces('nightcrier-test', process.env, silentLogger);
  recordSpan({ incidentId: randomUUID(), name: 'incident', start: Date.now() - 5, end: Date.now() });
  await traces?.stop();
  expect(receiver.spans).toMatchObject([{ name: 'incident', service: 'nightcrier-test' }]);
  expect([...proxy.forwarded]).toEqual(hosts.map((host) => `${host}:${url.port}`));
  proxy.close();
});
