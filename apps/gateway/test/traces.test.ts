import { Agent, request } from 'undici';
import { type EndedSpan, setRecorder } from '@nightcrier/runtime/tracing/spans';
import { type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { GatewayHarness } from './gateway-harness.ts';

let redis: RedisServer;
let cluster: SimulatedCluster;
beforeAll(async () => {
  redis = await startRedisServer();
  cluster = await startSimulatedCluster({ name: 'alpha', tls: true });
});
afterAll(async () => {
  await cluster.stop();
  await redis.stop();
});

test('each request of an agent is a span in the trace of its incident, without its target', async () => {
  const spans: EndedSpan[] = [];
  setRecorder((span) => spans.push(span));
  onTestFinished(() => setRecorder(undefined));
  const harness = await GatewayHarness.open(redis.url);
  onTestFinished(() => harness.close());
  const { address } = await harness.start(await harness.config(cluster.kubeconfig()));
  const { token, grant } = await harness.grant();
  const dispatcher = new Agent({ connect: { ca: address.ca } });
  onTestFinished(() => dispatcher.destroy());
  const get = async (path: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(`${address.kube_url}${path}`, { dispatcher, headers });
    await body.dump();
    return statusCode;
  };
  expect(await get('/api/v1/namespaces/shop/pods')).toBe(200);
  expect(await get('/api/v1/namespaces/shop/secrets')).toBe(403);
  await expect.poll(() => spans, { timeout: 30_000 }).toHaveLength(2);
  const common = { incidentId: grant.incident_id, name: 'gateway' };
  expect(spans).toMatchObject([
    { ...common, attributes: { 'nightcrier.decision': 'allowed', 'http.response.status_code': 200 } },
    { ...common, attributes: { 'nightcrier.decision': 'denied', 'http.response.status_code': 403 } },
  ]);
  expect(JSON.stringify(spans)).not.toContain('shop');
});
