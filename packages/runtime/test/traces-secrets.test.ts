import { once } from 'node:events';
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createLogger } from '../src/process/logger.ts';
import { exportTraces } from '../src/tracing/export-traces.ts';
import { recordSpan } from '../src/tracing/spans.ts';

afterEach(() => vi.unstubAllEnvs());

test('keys for the receiver of traces are not logged when it repeats the request in its error', async () => {
  const server = createServer((request, response) => {
    response.writeHead(401).end(`refused: ${request.url} ${JSON.stringify(request.headers)}`);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', `http://127.0.0.1:${port}/v1/traces?api_key=planted-in-query`);
  vi.stubEnv(
    'OTEL_EXPORTER_OTLP_HEADERS',
    'authorization=Bearer%20planted-token,x-team=planted-key-of-a-team,x-tenant=blue',
  );
  let log = '';
  const stream = new PassThrough().on('data', (line) => (log += String(line)));
  const traces = await exportTraces('nightcrier-test', process.env, createLogger('test', 'debug', stream));
  // A full batch is sent at once.
  for (let span = 0; span < 512; span += 1)
    recordSpan({ incidentId: randomUUID(), name: 'incident', start: Date.now() - 5, end: Date.now() });
  await expect.poll(() => log, { timeout: 60_000 }).toContain('traces not exported');
  await traces?.stop();
  expect(log).toContain('[secret]');
  expect(log).not.toContain('planted');
});
