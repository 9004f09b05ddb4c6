import { IncidentChanged, StreamEvent } from '@nightcrier/core/api/stream-event';
import { Settings } from '@nightcrier/core/settings/config';
import { silentLogger } from '@nightcrier/core/logger';
import { connectWorker } from '@nightcrier/state/redis/connection';
import { createParser } from 'eventsource-parser';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { protect } from '../src/access/protect.ts';
import { SessionPrincipals } from '../src/access/session-principals.ts';
import { WrongKeys } from '@nightcrier/runtime/http/wrong-keys';
import { EventFeed } from '../src/events/event-feed.ts';
import { EventResponses } from '../src/events/event-responses.ts';
import { streamRoute } from '../src/routes/stream-route.ts';
import { validateRequests } from '../src/serve-route.ts';
import { type ApiUnderTest, failure, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(async () => server.stop());

const WAIT = { timeout: 60_000, interval: 20 };

interface Listener {
  response: Response;
  /** All events so far. */
  events: { id: string | undefined; kind: string | undefined; data: unknown }[];
  ended: () => boolean;
  leave: () => void;
}

async function listen(
  api: Pick<ApiUnderTest, 'url'>,
  query = '',
  headers: Record<string, string> = {},
): Promise<Listener> {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await fetch(`${api.url}/api/stream${query}`, { headers, signal: leaving.signal });
  const listener: Listener = { response, events: [], ended: () => false, leave: () => leaving.abort() };
  const parser = createParser({
    onEvent: ({ id, event, data }) => listener.events.push({ id, kind: event, data: JSON.parse(data) }),
  });
  let hasEnded = false;
  listener.ended = () => hasEnded;
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch {
      // Aborted by the test, or by the server.
    }
    hasEnded = true;
  };
  void read();
  return listener;
}

const dataOf = ({ events }: Listener): unknown[] => events.map(({ data }) => data);

test('changes of problems, incidents and clusters are streamed in order', async () => {
  await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
  const listener = await listen(api);
  expect(listener.response.headers.get('content-type')).toBe('text/event-stream');
  expect(listener.response.headers.get('cache-control')).toBe('no-store');
  const { incidentId } = await api.admission.admit({ ...fault('prod'), problem: 'shop/cart' });
  await api.incidents.begin(incidentId);
  await api.incidents.finish(incidentId, { state: 'reported', notify: 'incident_resolved' });
  await api.reportHealth({ name: 'prod', status: 'active', event_count: 1, triage_enabled: true });
  await vi.waitFor(() => {
    expect(listener.events.filter(({ kind }) => kind === 'problem').map(({ data }) => data)).toEqual([
      { cluster: 'prod', key: 'shop/cart', state: 'firing', change: 'opened' },
      { cluster: 'prod', key: 'shop/cart', state: 'firing', change: 'changed' },
    ]);
    expect(listener.events.filter(({ kind }) => kind === 'incident').map(({ data }) => data)).toEqual(
      ['queued', 'investigating', 'reported'].map((state) => ({ incident_id: incidentId, cluster: 'prod', state })),
    );
    expect(dataOf(listener)).toContainEqual({ name: 'prod', status: 'active', degraded: false });
  }, WAIT);
  for (const { id, kind, data } of listener.events) expect(StreamEvent.parse({ id, kind, data })).toBeTruthy();
});

test('a client resumes after the last event that it got, and misses nothing', async () => {
  await using api = await openReadyApi(server.url, {}, { global_queue_size: 5_000 });
  const first = await listen(api, '?kinds=incident');
  await api.admission.admit(fault());
  await vi.waitFor(() => expect(first.events).toHaveLength(1), WAIT);
  first.leave();
  const admitted = Promise.all(Array.from({ length: 1_200 }, async () => api.admission.admit(fault())));
  const last = String(first.events[0]?.id);
  const second = await listen(api, '?kinds=incident', { 'last-event-id': last });
  const third = await listen(api, `?kinds=incident&after=${last}`);
  const ids = (await admitted).map(({ incidentId }) => incidentId);
  for (const listener of [second, third]) {
    await vi.waitFor(() => expect(listener.events).toHaveLength(1_200), WAIT);
    const got = listener.events.map(({ data }) => IncidentChanged.parse(data).incident_id);
    expect(got.toSorted()).toEqual(ids.toSorted());
  }
});

test('a client that asks for events that are no longer kept must read everything again', async () => {
  await using api = await openReadyApi(server.url);
  await api.admission.admit(fault());
  const earlier = await listen(api, '?after=1-0');
  const unknown = await listen(api, '?after=999999999999999-0');
  await api.admission.admit(fault());
  for (const { events } of [earlier, unknown]) {
    await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toEqual(['reset', 'incident']), WAIT);
  }
});

test('a client gets the kinds and the cluster that it asks for', async () => {
  await using api = await openReadyApi(server.url, {}, { grouping: 'workload' });
  const problems = await listen(api, '?kinds=problem');
  const staging = await listen(api, '?cluster=staging&kinds=incident,problem');
  await api.admission.admit({ ...fault('prod'), problem: 'shop/cart' });
  await api.admission.admit({ ...fault('staging'), problem: 'shop/cart' });
  const opened = (cluster: string) => ({ cluster, key: 'shop/cart', state: 'firing', change: 'opened' });
  await vi.waitFor(() => expect(dataOf(problems)).toEqual([opened('prod'), opened('staging')]), WAIT);
  const all = [expect.objectContaining({ state: 'queued' }), opened('staging')];
  await vi.waitFor(() => expect(dataOf(staging)).toEqual(expect.arrayContaining(all)), WAIT);
  expect(staging.events).toHaveLength(2);
});

test.each(['?kinds=comets', '?after=yesterday', '?order=up', '?cluster='])('%s is refused', async (query) => {
  await using api = await openReadyApi(server.url);
  expect(await failure(await api.get(`/api/stream${query}`))).toMatchObject({ status: 400, code: 'bad_request' });
});

test('the stream of a client ends when its key, its user or its session is revoked', async () => {
  await using api = await openReadyApi(server.url);
  const { apiKeys, users, sessions } = api.state;
  const url = await startStreams(api);
  const withKey = async (name: string): Promise<Listener> => {
    const { secret } = await apiKeys.add({ name, role: 'viewer' }, 'test');
    return listen({ url }, '', { authorization: `Bearer ${secret}` });
  };
  const withSession = async (name: string): Promise<Listener> => {
    await users.add({ name, role: 'viewer', password: `a password of ${name}` }, 'test');
    const login = { method: 'user' as const, name, credential: (await users.get(name))?.version };
    const { secret } = await sessions.open(login, { idle: 3_600, lifetime: 3_600 });
    return listen({ url }, '', { cookie: `nightcrier=${secret}` });
  };
  const kept = [await withKey('kept'), await withSession('carol')];
  const revoked = [await withKey('revoked'), await withSession('alice'), await withSession('bob')];
  expect([...kept, ...revoked].map(({ response }) => response.status)).toEqual([200, 200, 200, 200, 200]);
  await apiKeys.revoke('revoked');
  await users.remove('alice');
  await sessions.revoke('bob');
  await vi.waitFor(() => expect(revoked.map(({ ended }) => ended())).toEqual([true, true, true]), WAIT);
  await api.admission.admit(fault());
  for (const { events } of kept) await vi.waitFor(() => expect(events).not.toHaveLength(0), WAIT);
});

/** Serves the stream of an API, with heartbeats that a test can wait for. Returns its URL. */
async function startStreams({ state, key_prefix }: ApiUnderTest): Promise<string> {
  const { auth } = Settings.parse({ api: { auth: { methods: ['users', 'keys'] } } }).api;
  const settings = { host: '127.0.0.1', allowAnonymous: false, basePath: '', tls: false, auth };
  const access = {
    settings: () => settings,
    apiKeys: state.apiKeys,
    sessions: new SessionPrincipals(state),
    wrongKeys: new WrongKeys(),
  };
  const connect = () => connectWorker({ url: server.url, key_prefix }, silentLogger);
  const feed = new EventFeed({ events: state.events, connect, logger: silentLogger });
  const responses = new EventResponses({ feed, events: state.events, heartbeat: 20 });
  const app = fastify({ forceCloseConnections: true });
  validateRequests(app);
  protect(app, access);
  streamRoute(app, responses, access);
  onTestFinished(async () => {
    responses.close();
    await app.close();
    await feed.close();
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

test('an API that stops ends its streams', async () => {
  const api = await openReadyApi(server.url);
  const listener = await listen(api);
  await api[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(listener.ended()).toBe(true), WAIT);
});

test('one connection reads for all listeners, and none without listeners', async () => {
  await using api = await openReadyApi(server.url);
  const readers = async (): Promise<number> =>
    String(await api.redis.call('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes('cmd=xread')).length;
  const listeners = await Promise.all(Array.from({ length: 20 }, async () => listen(api)));
  await api.admission.admit(fault());
  for (const { events } of listeners) await vi.waitFor(() => expect(events).not.toHaveLength(0), WAIT);
  await vi.waitFor(async () => expect(await readers()).toBe(1), WAIT);
  for (const { leave } of listeners) leave();
  await vi.waitFor(async () => expect(await readers()).toBe(0), WAIT);
});
