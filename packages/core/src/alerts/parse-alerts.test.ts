import { array, assert, asyncProperty, constantFrom, jsonValue, object, oneof } from 'fast-check';
import { expect, test } from 'vitest';
import { alertFingerprint, labelOf } from './alert.ts';
import { parseAlerts } from './parse-alerts.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const labels = { alertname: 'HighLatency', namespace: 'shop', service: 'cart' };

test('reads what Prometheus and what the webhook of Alertmanager send, as the same alert', async () => {
  const posted = [
    {
      labels,
      annotations: { summary: 's' },
      startsAt: '2026-03-01T11:59:00.123456789Z',
      endsAt: '2026-03-01T12:03:00Z',
    },
  ];
  const hook = {
    version: '4',
    status: 'firing',
    groupKey: '{}',
    alerts: [
      {
        status: 'firing',
        labels,
        annotations: { summary: 's' },
        startsAt: '2026-03-01T11:59:00.123456789Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://prometheus/graph',
        fingerprint: 'abc',
      },
    ],
  };
  const [one] = (await parseAlerts(posted, NOW))?.alerts ?? [];
  const [other] = (await parseAlerts(hook, NOW))?.alerts ?? [];
  expect(one).toMatchObject({ labels, resolved: false, startsAt: '2026-03-01T11:59:00.123Z' });
  expect(other).toMatchObject({ labels, resolved: false, generatorURL: 'http://prometheus/graph' });
  expect(other).not.toHaveProperty('endsAt');
  expect(alertFingerprint(one!)).toBe(alertFingerprint(other!));
});

test('an alert has ended when its status or its end says so', async () => {
  const ended = { labels, startsAt: '2026-03-01T11:00:00Z', endsAt: '2026-03-01T11:59:59Z' };
  const parsed = await parseAlerts(
    [ended, { labels, status: 'resolved' }, { labels, endsAt: '2026-03-01T12:00:01Z' }],
    NOW,
  );
  expect(parsed?.alerts.map(({ resolved }) => resolved)).toEqual([true, true, false]);
});

test('an alert of a sender whose clock is fast began now', async () => {
  const [alert] = (await parseAlerts([{ labels, startsAt: '2027-01-01T00:00:00Z' }], NOW))?.alerts ?? [];
  expect(alert?.startsAt).toBe('2026-03-01T12:00:00.000Z');
});

test.each([
  ['text', 'alerts'],
  ['null', null],
  ['an object', {}],
  ['another version of the webhook', { version: '3', alerts: [] }],
])('a body of %s is of neither format', async (_, body) => {
  expect(await parseAlerts(body, NOW)).toBeUndefined();
});

test.each([
  ['null', null],
  ['no labels', {}],
  ['empty labels', { labels: { alertname: '' } }],
  ['a list of labels', { labels: ['a'] }],
  ['a number as a label', { labels: { a: 1 } }],
  ['a time that is none', { labels, startsAt: 'yesterday' }],
  ['a time before all time', { labels, startsAt: '0500-01-01T00:00:00Z' }],
  ['too many labels', { labels: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`l${index}`, 'x'])) }],
])('an alert with %s is malformed, and the others are read', async (_, alert) => {
  const parsed = await parseAlerts([alert, { labels }], NOW);
  expect(parsed).toMatchObject({ alerts: [{ labels }], problems: [expect.stringContaining('alert 0: ')] });
});

test('names that every object has are labels like others, and none of them leaks', async () => {
  const body = JSON.parse('[{"labels":{"alertname":"A","constructor":"x","__proto__":"y"}}]') as unknown;
  const [alert] = (await parseAlerts(body, NOW))?.alerts ?? [];
  expect(Object.keys(alert?.labels ?? {})).toEqual(['alertname', 'constructor']);
  expect(labelOf(alert!, 'constructor')).toBe('x');
  expect(labelOf({ labels: {} }, 'constructor')).toBeUndefined();
});

test('no body makes it throw', async () => {
  await assert(
    asyncProperty(
      oneof(jsonValue(), array(object({ key: constantFrom('labels', 'startsAt', 'status') }))),
      async (body) => {
        const parsed = await parseAlerts(body, NOW);
        const sent = Array.isArray(body) ? body.length : undefined;
        expect(parsed && parsed.alerts.length + parsed.problems.length).toBe(sent);
      },
    ),
  );
});

test('other work of the process goes on while a large request is read', async () => {
  let isRunning = true;
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (isRunning) setImmediate(turn);
  };
  setImmediate(turn);
  const parsed = await parseAlerts(
    Array.from({ length: 30_000 }, () => ({ labels: { a: 1 } })),
    NOW,
  );
  isRunning = false;
  expect(parsed?.problems).toHaveLength(30_000);
  expect(turns).toBeGreaterThan(2);
});
