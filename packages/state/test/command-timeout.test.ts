import { silentLogger } from '@nightcrier/core/logger';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { connectProducer, disconnect, type RedisConnection } from '../src/redis/connection.ts';

async function connect(): Promise<RedisConnection> {
  const server = await startRedisServer();
  const redis = connectProducer({ url: server.url, key_prefix: 'test' }, silentLogger);
  onTestFinished(async () => {
    await disconnect(redis);
    await server.stop();
  });
  await once(redis, 'ready');
  return redis;
}

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('a command whose reply arrived while the event loop was blocked does not time out', async () => {
  const redis = await connect();
  await redis.set('large', 'x'.repeat(20_000_000));
  const commands = [redis.ping(), redis.getBuffer('large').then((value) => value?.length), redis.multi().time().exec()];
  block(2_500);
  expect(await Promise.all(commands)).toEqual(['PONG', 20_000_000, [[null, expect.any(Array)]]]);
});

test('a command that Redis does not answer still times out', async () => {
  const redis = await connect();
  const other = redis.duplicate({ commandTimeout: undefined });
  onTestFinished(() => other.disconnect());
  await once(other, 'ready');
  await other.client('PAUSE', 60_000, 'WRITE');
  await expect(redis.set('a', 'b')).rejects.toThrow('Command timed out');
  await other.client('UNPAUSE');
});
