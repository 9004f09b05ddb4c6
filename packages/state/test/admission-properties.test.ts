import { Worker } from 'bullmq';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { QUEUE_NAME } from '../src/redis/keys.ts';
import { disconnect } from '../src/redis/connection.ts';
import { Comparison, settings, step } from './admission-comparison.ts';
import { Clock, openTestState, workerConnection } from './state.fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const steps = fc.array(step, { minLength: 10, maxLength: 60 });

test(
  'admission equals its model in outcomes, start order, waiting incidents and books',
  { timeout: 300_000 },
  async () => {
    const property = fc.asyncProperty(settings, steps, async (bounds, sequence) => {
      const clock = new Clock();
      await using state = await openTestState(server.url, bounds, { now: clock.now });
      const connection = workerConnection(state);
      const worker = new Worker(QUEUE_NAME, null, { connection, prefix: state.keys.bullmq, autorun: false });
      const comparison = new Comparison(state, bounds, clock, worker);
      try {
        for (const one of sequence) {
          const outcome = await comparison.take(one);
          expect(outcome?.redis).toEqual(outcome?.model);
          const { redis, model } = await comparison.observe();
          expect(redis).toEqual(model);
        }
      } finally {
        await worker.close();
        await disconnect(connection);
      }
    });
    await fc.assert(property, { numRuns: 150 });
  },
);
