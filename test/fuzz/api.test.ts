import { ApiFailure, PROBLEM_JSON } from '@nightcrier/core/api/errors';
import { assert, asyncProperty } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiUnderTest, fault, openReadyApi } from '../../apps/api/test/api-under-test.ts';
import { type RedisServer, startRedisServer } from '../fixtures/redis-server.ts';
import { apiRequests, Description } from './api-requests.ts';

const { FUZZ_CASES = '1000', FUZZ_SEED = '20261126' } = process.env;

let server: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  server = await startRedisServer();
  api = await openReadyApi(server.url, {}, { grouping: 'workload', global_queue_size: 10_000 });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

test('no request makes the API fail, and each that it refuses is answered in the form of all failures', async () => {
  const { incidentId } = await api.admission.admit({ ...fault(), problem: 'shop/cart' });
  const description = Description.parse(await (await api.get('/api/openapi.json')).json());
  expect(Object.keys(description.paths).length).toBeGreaterThan(20);
  const seen = new Map<number, number>();
  const property = asyncProperty(
    apiRequests(description, [incidentId, 'prod', 'shop/cart', 'shop']),
    async ({ method, path, headers, body }) => {
      const response = await fetch(`${api.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
      if (response.status < 400) {
        // A stream of events would not end.
        await response.body?.cancel();
        return;
      }
      if (response.status >= 500) throw new Error(`${response.status}: ${await response.text()}`);
      expect(response.headers.get('content-type')).toContain(PROBLEM_JSON);
      const failure = ApiFailure.parse(await response.json());
      expect(failure.status).toBe(response.status);
    },
  );
  await assert(property, { numRuns: Number(FUZZ_CASES), seed: Number(FUZZ_SEED) });
  // The requests are valid often enough to reach the handlers.
  expect(seen.get(200) ?? 0).toBeGreaterThan(Number(FUZZ_CASES) / 20);
}, 3_600_000);
