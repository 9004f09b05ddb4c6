import { afterAll, beforeAll, expect, test } from 'vitest';
import { playNoise } from '../../bench/noise/noise-run.ts';
import { type RedisServer, startRedisServer } from '../fixtures/redis-server.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

test('30 minutes of noise: each problem is investigated and notified once, recovers, and nothing is missed', async () => {
  const run = await playNoise({ redisUrl: server.url, clusters: 2, rules: 'now' });
  expect(run).toMatchObject({ missed: 0, not_recovered: 0, unfounded: 0, balanced: true, off: [] });
  const { problems, bot_messages, messages_without_edits, investigations, received } = run;
  expect(bot_messages / problems).toBeLessThanOrEqual(1.2);
  expect(messages_without_edits / problems).toBeLessThanOrEqual(2.2);
  expect(investigations / problems).toBeLessThanOrEqual(1.1);
  expect(received).toBeGreaterThan(problems);
}, 120_000);
