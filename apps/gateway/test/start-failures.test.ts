import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import { freePort } from '@nightcrier/simulator/free-port';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { GatewayApp } from '../src/app.ts';

async function gatewayOf(redisUrl: string): Promise<GatewayApp> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateway-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  const settings = { data_dir: folder, gateway_socket_dir: path.join(folder, 'sockets'), redis: { url: redisUrl } };
  return new GatewayApp({ config: { ...Settings.parse(settings), clusters: [] }, logger: silentLogger });
}

test('a gateway whose Redis is unreachable at its start waits for it', async () => {
  const port = await freePort();
  const app = await gatewayOf(`redis://127.0.0.1:${port}`);
  const started = app.start();
  const redis = await startRedisServer({ port });
  onTestFinished(async () => redis.stop());
  await expect(started).resolves.toBeUndefined();
  await app.stop();
});

test('a gateway that is stopped while it waits for Redis does not start', async () => {
  // Nothing listens on port 1.
  const app = await gatewayOf('redis://127.0.0.1:1');
  const started = app.start();
  started.catch(() => undefined);
  await app.stop();
  await expect(started).rejects.toThrow('the gateway was stopped before its start');
});

test('a gateway without redis.url has an invalid configuration', async () => {
  const app = new GatewayApp({ config: { ...Settings.parse({}), clusters: [] }, logger: silentLogger });
  await expect(app.start()).rejects.toMatchObject({ reason: 'configuration' });
});
