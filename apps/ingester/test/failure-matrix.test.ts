import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClusterProcess } from './cluster-process.ts';
import { FaultyProxy, httpAnswer } from './faulty-proxy.ts';
import { configOf, startIngester, useRedis } from './ingester.fixture.ts';
import { NetworkNamespace, whyNoNamespaces } from './network-namespace.ts';

useRedis();

/** A dead connection is found within this time, s. */
const READ_TIMEOUT = 2;
/** The kernel finds a peer that is gone without a word within this time. */
const KEEP_ALIVE_MS = 25_000;
/** Longer than the 10 s in which a stream must be granted, for this machine may be busy. */
const patient = { timeout: 60_000, interval: 20 };

async function watched(server: ClusterProcess, endpoint: string, settings: Record<string, unknown> = {}) {
  const kubeconfig = path.join(tmpdir(), `nightcrier-${randomUUID()}.yaml`);
  await writeFile(kubeconfig, server.kubeconfig);
  onTestFinished(() => rm(kubeconfig));
  const cluster = ClusterConfig.parse({ name: 'alpha', mcp: { endpoint }, triage: { enabled: true, kubeconfig } });
  const config = configOf([cluster], {
    sse_reconnect_initial_backoff: 0.5,
    sse_reconnect_max_backoff: 1,
    sse_read_timeout: READ_TIMEOUT,
    ...settings,
  });
  const started = await startIngester(config);
  /** What there is an incident for, the newest first. */
  const seen = async () =>
    (await started.incidents()).map(({ fingerprint, recurrences, cluster_event: { source } }) => ({
      fingerprint,
      recurrences,
      source,
    }));
  return { config, ...started, seen };
}

interface Row {
  server: ClusterProcess;
  proxy: FaultyProxy;
}

/** What happens, and what is logged. `repair` comes after the fault of the gap. */
const ROWS: [string, { breaks: (row: Row) => unknown; logs: RegExp; repair?: (row: Row) => unknown }][] = [
  ['the stream is reset', { breaks: ({ proxy }) => proxy.cutStreams('reset'), logs: /event stream broke/ }],
  [
    'the stream ends in order',
    { breaks: ({ proxy }) => proxy.cutStreams('end'), logs: /ended the event stream|broke/ },
  ],
  [
    'the stream is lost at our end alone, and the server holds it open',
    { breaks: ({ proxy }) => proxy.cutStreams('client only'), logs: /event stream broke/ },
  ],
  [
    'the server drops the subscription, and everything else answers',
    { breaks: ({ server }) => server.order('dropSubscriptions'), logs: /no longer holds the subscription/ },
  ],
  [
    'the server forgets its sessions',
    { breaks: ({ server }) => server.order('restart'), logs: /event stream|no longer knows this session/ },
  ],
  [
    'nothing gets through in either direction, and nothing is closed',
    {
      breaks: ({ proxy }) => (proxy.blackHole = true),
      logs: /did not answer in time/,
      repair: ({ proxy }) => (proxy.blackHole = false),
    },
  ],
  ...(
    [
      ['answered 405', httpAnswer('405 Method Not Allowed'), /HTTP 405/],
      ['answered 409', httpAnswer('409 Conflict'), /HTTP 409/],
      ['answered 500', httpAnswer('500 Internal Server Error'), /HTTP 500/],
      ['answered with a web page', httpAnswer('200 OK', 'text/html', '<html>'), /expected text\/event-stream/],
      ['never answered', '', /event stream: (?:Headers Timeout|other side closed)/],
    ] as const
  ).map(([what, answer, logs]): (typeof ROWS)[number] => [
    `the new stream is ${what}`,
    {
      breaks: ({ proxy }) => {
        proxy.streamAnswer = answer;
        proxy.cutStreams('reset');
      },
      logs,
      repair: ({ proxy }) => (proxy.streamAnswer = undefined),
    },
  ]),
  [
    'the credentials are refused',
    {
      breaks: ({ proxy }) => {
        proxy.answer = httpAnswer('401 Unauthorized');
        proxy.cutStreams('reset');
      },
      logs: /check mcp\.api_key/,
      repair: ({ proxy }) => (proxy.answer = undefined),
    },
  ],
];

describe('a failure is detected, the connection recovers, and the fault of the gap becomes one incident', () => {
  test.each(ROWS)('%s', async (_, { breaks, logs, repair }) => {
    const server = await ClusterProcess.start();
    const proxy = await FaultyProxy.before(server.port);
    const { active, seen, lines, ingester } = await watched(server, proxy.endpoint);
    await active('alpha');

    // A session that begins before the fault would have it pushed.
    proxy.refusesSessions = true;
    await breaks({ server, proxy });
    const fault = await server.run('crash-loop-back-off');
    proxy.refusesSessions = false;
    const isLogged = () => lines.some(({ fields }) => fields.status === 'failed' && logs.test(String(fields.error)));
    await expect.poll(isLogged, patient).toBe(true);
    await repair?.({ server, proxy });

    await active('alpha');
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: fault, recurrences: 0, source: 'resync' }]);
    expect(ingester.health()).toMatchObject([
      { blind_seconds: expect.any(Number), last_contact: expect.stringMatching(/^20/) },
    ]);

    const live = await server.run('node-not-ready');
    await expect.poll(async () => (await seen()).map(({ fingerprint }) => fingerprint), patient).toContain(live);
  });

  test('the server process is stopped and goes on', async () => {
    const server = await ClusterProcess.start();
    const { active, seen, lines } = await watched(server, server.endpoint);
    await active('alpha');
    server.signal('SIGSTOP');
    const running = server.run('crash-loop-back-off');
    await expect.poll(() => lines.some(({ fields }) => fields.status === 'failed'), patient).toBe(true);
    server.signal('SIGCONT');
    const fault = await running;
    await active('alpha');
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: fault, source: 'resync' }]);
  });

  test.skipIf(whyNoNamespaces)(
    `the network swallows everything, and TCP keep-alive alone can tell${whyNoNamespaces ? ` (skipped: ${whyNoNamespaces})` : ''}`,
    { timeout: 240_000 },
    async () => {
      const network = NetworkNamespace.create();
      const server = await ClusterProcess.start({ host: network.address }, network.launcher);
      // The first probe would come long after the test.
      const { active, seen, lines } = await watched(server, server.endpoint, { sse_read_timeout: 3_600 });
      await active('alpha');
      network.swallowAll();
      const fault = await server.run('crash-loop-back-off');
      const found = () => lines.some(({ fields }) => /event stream broke.*ETIMEDOUT/.test(String(fields.error)));
      await expect.poll(found, { timeout: KEEP_ALIVE_MS + 60_000, interval: 100 }).toBe(true);
      network.repair();
      await active('alpha');
      await expect.poll(seen, patient).toMatchObject([{ fingerprint: fault, source: 'resync' }]);
    },
  );

  test('the server process dies and another replaces it', async () => {
    const server = await ClusterProcess.start();
    const { active, seen, lines } = await watched(server, server.endpoint, { sse_reconnect_initial_backoff: 1 });
    await active('alpha');
    const { port } = server;
    await server.kill();
    await expect.poll(() => lines.some(({ fields }) => fields.status === 'failed'), patient).toBe(true);
    await server.start({ port });
    const fault = await server.run('crash-loop-back-off');
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: fault }]);
  });

  test('only the stream carries nothing, and no probe can detect it', async () => {
    const server = await ClusterProcess.start();
    const proxy = await FaultyProxy.before(server.port);
    const { active, seen } = await watched(server, proxy.endpoint, { resync_interval: 1 });
    await active('alpha');
    proxy.silenceStreams();
    const fault = await server.run('crash-loop-back-off');
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: fault, source: 'resync' }]);
  });
});

describe('a gap without an ingester', () => {
  test('is scanned by the next one, which skips faults that have an incident', async () => {
    const server = await ClusterProcess.start();
    const { config, ingester, active, seen, board } = await watched(server, server.endpoint);
    await active('alpha');
    const before = await server.run('crash-loop-back-off');
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: before }]);
    await ingester.stop();

    await server.run('deployment-stuck');
    // No window: what stands is known by its incident alone.
    const next = await startIngester({ ...config, dedup_window_seconds: 0 });
    await next.active('alpha');
    await expect.poll(seen, patient).toMatchObject([{ source: 'resync' }, { fingerprint: before, recurrences: 0 }]);
    const health = () => board.read([{ name: 'alpha', labels: {}, triage_enabled: true }]);
    await expect.poll(health, patient).toMatchObject([{ status: 'active', blind_seconds: expect.any(Number) }]);
    expect((await health())[0]?.blind_seconds).toBeGreaterThan(0);
  });

  test('of a server without subscriptions is scanned in the same way', async () => {
    const server = await ClusterProcess.start({ eventsTools: false });
    const { config, ingester, active, seen } = await watched(server, server.endpoint);
    await active('alpha');
    const before = await server.run('crash-loop-back-off');
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: before, source: 'poll' }]);
    await ingester.stop();
    await server.run('deployment-stuck');
    const next = await startIngester({ ...config, dedup_window_seconds: 0 });
    await next.active('alpha');
    await expect.poll(seen, patient).toMatchObject([{ source: 'resync' }, { fingerprint: before, recurrences: 0 }]);
    expect(next.ingester.health()).toMatchObject([{ mode: 'poll' }]);
  });

  test('does not exist at the first contact: present faults are admitted', async () => {
    const server = await ClusterProcess.start();
    const firing = await server.run('crash-loop-back-off');
    const { seen } = await watched(server, server.endpoint);
    await expect.poll(seen, patient).toMatchObject([{ fingerprint: firing, source: 'resync' }]);
  });
});
