import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import { expect, test } from 'vitest';
import { GatewayApp } from '../src/app.ts';

test('a gateway that cannot connect to Redis says so, with the exit code of something unavailable', async () => {
  // Nothing listens on port 1.
  const config = { ...Settings.parse({ redis: { url: 'redis://127.0.0.1:1' } }), clusters: [] };
  const app = new GatewayApp({ config, logger: silentLogger });
  await expect(app.start()).rejects.toMatchObject({
    reason: 'unavailable',
    message: 'gateway cannot connect to Redis: start it, or set redis.url',
  });
});

test('a gateway without redis.url has an invalid configuration', async () => {
  const app = new GatewayApp({ config: { ...Settings.parse({}), clusters: [] }, logger: silentLogger });
  await expect(app.start()).rejects.toMatchObject({ reason: 'configuration' });
});
