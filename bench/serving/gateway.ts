import { silentLogger } from '@nightcrier/core/logger';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { openState } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { execa } from 'execa';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent as HttpAgent, createServer, get as httpGet, request as httpRequest, type Server } from 'node:http';
import { Agent, createServer as createTlsServer, get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCertificate } from '../../packages/simulator/src/kubernetes/api/certificate.ts';
import { startRedisServer } from '../../test/fixtures/redis-server.ts';
import type { Bench } from '../run.ts';

const GATEWAY = path.join(import.meta.dirname, '../../apps/gateway/src/main.ts');
const WARM_UP = 100;
const REQUESTS = 600;
const LOG_BYTES = 100 * 1024 * 1024;
/** Both processes compile what is hot within their first runs. */
const LOG_WARM_UP = 2;
const LOG_RUNS = 9;

/** An answer that is read to its end: how long it took in ms, and its bytes. */
type Ask = () => Promise<{ ms: number; bytes: number }>;

export const bench: Bench = {
  description:
    'A GET of a pod, a 100 MB log and a short answer of a model through the gateway, against the same directly over TLS (model: HTTP)',
  async measure(progress) {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const redis = await startRedisServer();
    const cluster = await startSimulatedCluster({ name: 'alpha' });
    await cluster.run('crash-loop-back-off', { namespace: 'shop', name: 'cart' });
    const pod = await firstPod(cluster.kubernetesUrl, cluster.kubeconfig());
    const upstream = await startUpstream(JSON.stringify(pod));
    const model = await startModel();
    const kubeconfig = path.join(folder, 'kubeconfig');
    await writeFile(kubeconfig, upstream.kubeconfig);
    const file = path.join(folder, 'nightcrier.yaml');
    const config = {
      clusters: [{ name: 'alpha', source: 'kubernetes', triage: { enabled: true, kubeconfig } }],
      data_dir: path.join(folder, 'data'),
      gateway_socket_dir: path.join(folder, 's'),
      redis: { url: redis.url, key_prefix: 'bench' },
      anthropic_api_key: 'a-key-of-the-bench',
      anthropic_base_url: model.url,
    };
    await writeFile(file, JSON.stringify(config));
    const connection = connectProducer(config.redis, silentLogger);
    await once(connection, 'ready');
    const state = openState(connection, { key_prefix: 'bench', logger: silentLogger });
    const app = execa(process.execPath, [GATEWAY, '--config', file], {
      ipc: true,
      reject: false,
      stdout: 'ignore',
      stderr: 'ignore',
    });
    try {
      await app.getOneMessage({ filter: (message) => message === 'ready' });
      const [address] = await state.gateways.live();
      if (!address) throw new Error('the gateway is not on the board');
      // A run may make 50 requests per second: each burst has a run of its own.
      const token = async (): Promise<string> => {
        const run = { incident_id: crypto.randomUUID(), cluster: 'alpha', attempt: 1, agent: 'claude' };
        return (await state.grants.issue(run, 600)).token;
      };
      progress('GET of a pod');
      const target = '/api/v1/namespaces/shop/pods/cart';
      const get = await compare(
        kubeRequest(`${upstream.url}${target}`, upstream.ca, async () => 'direct'),
        kubeRequest(`${address.kube_url}${target}`, address.ca, token),
      );
      progress('a short answer of a model');
      const llm = await compare(
        modelRequest(`${model.url}/v1/messages`, async () => 'direct'),
        modelRequest(`${address.llm_url}/v1/messages`, token),
      );
      progress('a log of 100 MB');
      const log = `${target}/log?tailLines=1`;
      const rates = await throughput(
        kubeRequest(`${upstream.url}${log}`, upstream.ca, async () => 'direct'),
        kubeRequest(`${address.kube_url}${log}`, address.ca, token),
      );
      return {
        added_p50_ms: get.added_p50_ms,
        added_p99_ms: get.added_p99_ms,
        get_direct_p50_ms: get.direct_p50_ms,
        llm_added_p50_ms: llm.added_p50_ms,
        llm_added_p99_ms: llm.added_p99_ms,
        throughput_ratio: round(rates.ratio),
        log_direct_mb_per_s: Math.round(rates.direct),
        log_gateway_mb_per_s: Math.round(rates.through),
      };
    } finally {
      app.kill();
      await app;
      await disconnect(connection);
      await upstream.stop();
      await model.stop();
      await cluster.stop();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Alternating, so that both see the same machine. */
async function compare(direct: Ask, through: Ask): Promise<Record<string, number>> {
  const [own, ours]: [number[], number[]] = [[], []];
  for (let index = 0; index < WARM_UP + REQUESTS; index += 1) {
    const [one, other] = [await direct(), await through()];
    if (index < WARM_UP) continue;
    own.push(one.ms);
    ours.push(other.ms);
  }
  return {
    direct_p50_ms: round(percentile(own, 0.5)),
    added_p50_ms: round(percentile(ours, 0.5) - percentile(own, 0.5)),
    added_p99_ms: round(percentile(ours, 0.99) - percentile(own, 0.99)),
  };
}

/**
 * Returns MB per second, and the ratio of a pair of runs, each the median. A pair sees the same machine; the best of each is a matter of
 * which one met a quiet moment.
 */
async function throughput(direct: Ask, through: Ask): Promise<{ direct: number; through: number; ratio: number }> {
  const pairs: { direct: number; through: number }[] = [];
  for (let run = 0; run < LOG_WARM_UP + LOG_RUNS; run += 1) {
    const pair = { direct: await rateOf(direct), through: await rateOf(through) };
    if (run >= LOG_WARM_UP) pairs.push(pair);
  }
  return {
    direct: percentile(
      pairs.map((pair) => pair.direct),
      0.5,
    ),
    through: percentile(
      pairs.map((pair) => pair.through),
      0.5,
    ),
    ratio: percentile(
      pairs.map((pair) => pair.through / pair.direct),
      0.5,
    ),
  };
}

async function rateOf(ask: Ask): Promise<number> {
  const { ms, bytes } = await ask();
  if (bytes < LOG_BYTES) throw new Error(`the log has ${bytes} bytes`);
  return bytes / 1e6 / (ms / 1000);
}

const PER_TOKEN = 300;

function kubeRequest(url: string, ca: string, token: () => Promise<string>): Ask {
  const agent = new Agent({ keepAlive: true, ca });
  let [bearer, used] = ['', PER_TOKEN];
  return async () => {
    if (used >= PER_TOKEN) [bearer, used] = [await token(), 0];
    used += 1;
    const begun = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    httpsGet(url, { agent, headers: { authorization: `Bearer ${bearer}` } }, (response) => {
      let bytes = 0;
      if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode} of ${url}`));
      response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => resolve(bytes));
    }).on('error', reject);
    const bytes = await promise;
    return { ms: performance.now() - begun, bytes };
  };
}

function modelRequest(url: string, token: () => Promise<string>): Ask {
  const agent = new HttpAgent({ keepAlive: true });
  const messages = [{ role: 'user', content: 'Why does the pod crash? '.repeat(200) }];
  const body = JSON.stringify({ model: 'claude-bench', max_tokens: 100, messages });
  let [bearer, used] = ['', PER_TOKEN];
  return async () => {
    if (used >= PER_TOKEN) [bearer, used] = [await token(), 0];
    used += 1;
    const begun = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = { 'x-api-key': bearer, 'content-type': 'application/json' };
    httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      let bytes = 0;
      if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode} of ${url}`));
      response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => resolve(bytes));
    })
      .on('error', reject)
      .end(body);
    const bytes = await promise;
    return { ms: performance.now() - begun, bytes };
  };
}

async function firstPod(server: string, kubeconfig: string): Promise<unknown> {
  const [, token = ''] = /token: (\S+)/.exec(kubeconfig) ?? [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  httpGet(`${server}/api/v1/namespaces/shop/pods`, { headers: { authorization: `Bearer ${token}` } }, (response) => {
    let text = '';
    response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(text));
  }).on('error', reject);
  const list: { items: unknown[] } = JSON.parse(await promise);
  return list.items[0];
}

/** An API server that answers at once: a pod, and a log of 100 MB. */
async function startUpstream(pod: string) {
  const { cert, key } = await createCertificate(['127.0.0.1']);
  const line = Buffer.from(
    `${'2026-01-01T00:00:00Z request served in 12 ms, status 200, path /cart'.padEnd(127, '.')}\n`,
  );
  const block = Buffer.concat(Array.from({ length: 512 }, () => line));
  const server = createTlsServer({ cert, key }, (request, response) => {
    if (!request.url?.includes('/log')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(pod);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    let sent = 0;
    const write = (): void => {
      while (sent < LOG_BYTES) {
        sent += block.length;
        if (!response.write(block)) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  });
  const url = `https://127.0.0.1:${await listen(server)}`;
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'x', cluster: { server: url, 'certificate-authority-data': Buffer.from(cert).toString('base64') } },
    ],
    users: [{ name: 'x', user: { token: 'upstream-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    'current-context': 'x',
  });
  return { url, ca: cert, kubeconfig, stop: () => close(server) };
}

async function startModel() {
  const usage = { input_tokens: 1000, output_tokens: 10 };
  const body = JSON.stringify({ type: 'message', content: [{ type: 'text', text: 'ok' }], usage });
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, stop: () => close(server) };
}

async function listen(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}

function percentile(values: readonly number[], part: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * part)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
