import { includesRole, type Role, ROLES } from '@nightcrier/core/access/role';
import { Secret } from '@nightcrier/core/settings/secret';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiUnderTest, openReadyApi } from './api-under-test.ts';

/** Called with each application that fastify creates, before it has routes. */
function onNewApplication(prepare: (app: FastifyInstance) => void): Disposable {
  const listen = (message: unknown): void => {
    if (hasFastify(message)) prepare(message.fastify);
  };
  subscribe('fastify.initialization', listen);
  return { [Symbol.dispose]: () => unsubscribe('fastify.initialization', listen) };
}

function hasFastify(message: unknown): message is { fastify: FastifyInstance } {
  return typeof message === 'object' && message !== null && 'fastify' in message;
}

let server: RedisServer;
let api: ApiUnderTest;
/** The routes as the application registers them. */
const routes: RouteOptions[] = [];
const secrets = new Map<Role, string>();

beforeAll(async () => {
  server = await startRedisServer();
  using _ = onNewApplication((app) => {
    app.addHook('onRoute', (route) => {
      routes.push(route);
    });
  });
  api = await openReadyApi(server.url, { accessKey: new Secret('correct horse battery staple') });
  for (const role of ROLES) secrets.set(role, (await api.state.apiKeys.add({ name: role, role }, 'test')).secret);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
});

interface Answer {
  status: number;
  code: unknown;
}

async function answer(method: string, path: string, secret?: string): Promise<Answer> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
    headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
  });
  const { status } = response;
  // A stream of events would not end.
  if (status !== 401 && status !== 403) {
    await response.body?.cancel();
    return { status, code: undefined };
  }
  const text = await response.text();
  const body: { error?: { code?: unknown }; code?: unknown } = text === '' ? {} : JSON.parse(text);
  return { status, code: body.error?.code ?? body.code };
}

/** Each method of each route once, with a value for each parameter. */
function calls(): { method: string; path: string; config: RouteOptions['config'] }[] {
  return routes.flatMap(({ method, url, config }) =>
    [method].flat().map((one) => ({ method: one, path: url.replaceAll(/:\w+|\*/g, 'x'), config })),
  );
}

describe('every route', () => {
  test('is closed without credentials, unless it is open', async () => {
    expect(calls().length).toBeGreaterThan(40);
    for (const { method, path, config } of calls()) {
      const { status } = await answer(method, path);
      expect([method, path, status === 401]).toEqual([method, path, config?.open !== true]);
    }
  });

  test('is open to its role and those above it, and to no other', async () => {
    for (const { method, path, config } of calls()) {
      const needed = config?.role;
      if (needed === undefined) continue;
      for (const [role, secret] of secrets) {
        const { status, code } = await answer(method, path, secret);
        const isRefused = status === 401 || (status === 403 && (code === 'forbidden' || method === 'HEAD'));
        expect([method, path, role, isRefused]).toEqual([method, path, role, !includesRole(role, needed)]);
      }
    }
  });

  test('that is open is one of a short list', () => {
    const open = calls().filter(({ config }) => config?.open === true);
    expect(
      open.map(({ path }) => path).filter((path) => !/^\/(?:healthz|readyz)$|^\/(?:login|logout|assets)\b/.test(path)),
    ).toEqual([]);
  });

  test('that changes something needs more than to read', () => {
    const changing = calls().filter(({ method, config }) => !['GET', 'HEAD'].includes(method) && !config?.open);
    // A tool of the MCP server calls a route, which needs its own role.
    const read = /^\/(?:queues\/|mcp$)/;
    const byReaders = changing.filter(({ path, config }) => config?.role === 'viewer' && !read.test(path));
    expect(byReaders.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });
});

test('the API does not start with a route that has no role', async () => {
  using _ = onNewApplication((app) => {
    app.addHook('onRoute', ({ url, method }) => {
      if (url === '/healthz' && method === 'GET') app.get('/forgotten', () => 'secret');
    });
  });
  await expect(openReadyApi(server.url)).rejects.toThrow('routes without a role: GET /forgotten');
});
