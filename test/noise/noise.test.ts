import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { playNoise } from '../../bench/watching/noise/noise-run.ts';
import { NEEDS_NATIVE, nativeKind, startRedisServer } from '../fixtures/redis-server.ts';

type Run = Awaited<ReturnType<typeof playNoise>>;

function expectOneConversation({ problems, bot_messages, messages_without_edits, investigations, ...run }: Run): void {
  expect(run).toMatchObject({ missed: 0, not_recovered: 0, unfounded: 0, repeated: [], balanced: true, off: [] });
  expect(bot_messages / problems).toBeLessThanOrEqual(1.2);
  expect(messages_without_edits / problems).toBeLessThanOrEqual(2.2);
  expect(investigations / problems).toBeLessThanOrEqual(1.1);
  expect(run.received).toBeGreaterThan(problems);
}

test('30 minutes of noise: each problem is investigated and notified once, recovers, and nothing is missed', async () => {
  const server = await startRedisServer();
  try {
    const run = await playNoise({ redisUrl: server.url, clusters: 2, rules: 'now' });
    expect(run.missed).toBe(0);
    expectOneConversation(run);
  } finally {
    await server.stop();
  }
}, 120_000);

test.skipIf(nativeKind === undefined)(
  `each state of a problem is notified once while ingesters, workers and Redis are killed (${NEEDS_NATIVE})`,
  async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'nightcrier-noise-'));
    let server = await startRedisServer({ dataDir });
    const port = Number(new URL(server.url).port);
    let kills = 0;
    const killRedis = async (): Promise<void> => {
      process.kill(server.pid ?? 0, 'SIGKILL');
      await server.ended;
      server = await startRedisServer({ dataDir, port });
      kills += 1;
    };
    try {
      expectOneConversation(
        await playNoise({ redisUrl: server.url, clusters: 1, rules: 'now', disturbance: { killRedis } }),
      );
      expect(kills).toBeGreaterThan(5);
    } finally {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
  120_000,
);
