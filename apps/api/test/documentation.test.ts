import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
let api: ApiUnderTest;
beforeAll(async () => {
  server = await startRedisServer();
  api = await openReadyApi(server.url);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

const Operation = z.object({
  summary: z.string(),
  tags: z.array(z.string()).length(1),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.object({ schema: z.object() })) })),
});
const Description = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
});

test('the description has every route with its answers and the form of failures', async () => {
  const text = await (await api.get('/api/openapi.json')).text();
  const { paths, components } = Description.parse(JSON.parse(text));
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      '/health/clusters',
      '/metrics',
      '/api/incidents/{id}/report',
      '/api/problems/{cluster}/{key}/acknowledge',
      '/api/silences',
      '/api/audit',
      '/api/stream',
    ]),
  );
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    expect(Object.keys(operation.responses.default?.content ?? {})).toEqual(['application/problem+json']);
    expect(Object.keys(operation.responses).filter((status) => status.startsWith('2'))).not.toHaveLength(0);
  }
  const references = new Set(Array.from(text.matchAll(/"#\/components\/schemas\/([^"]+)"/g), ([, name]) => name));
  expect(references.size).toBeGreaterThan(8);
  expect([...references].filter((name) => !(String(name) in components.schemas))).toEqual([]);
});

test('the viewer loads nothing but files of the API, and runs no inline script', async () => {
  const response = await api.get('/api/docs/');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  const page = await response.text();
  expect(page).not.toMatch(/https?:\/\/|<script>|<style|\son\w+=/);
  const files = Array.from(
    page.matchAll(/(?:src|href)="([^"]+)"/g),
    ([, file = '']) => new URL(file, `${api.url}/api/docs/`),
  );
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) expect([file.href, (await fetch(file)).status]).toEqual([file.href, 200]);
});
