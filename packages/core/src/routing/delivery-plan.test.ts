import { expect, test } from 'vitest';
import type { NotifiedProblem, ProblemEvent } from '../problems/problem-notification.ts';
import { Settings } from '../settings/config.ts';
import { RouteConfig } from '../settings/sections/receivers.ts';
import { planDeliveries } from './delivery-plan.ts';
import { receiverTargets } from './receiver-targets.ts';
import { routeTree } from './route-tree.ts';

const targets = receiverTargets(
  Settings.parse({
    slack_bot_token: 'xoxb-1',
    slack_channel: 'C1',
    webhook_url: 'https://all.example',
    receivers: [
      {
        name: 'payments',
        pagerduty_configs: [{ routing_key: 'a'.repeat(32) }],
        email_configs: [{ to: 'a@b.example', from: 'c@d.example', smarthost: 'mail:25' }],
        webhook_configs: [{ url: 'https://some.example', events: ['acknowledged', 'firing'] }],
      },
    ],
  }),
);
/** Ids of the targets of the receiver payments. */
const [PAGER = '', MAIL = '', HOOK = ''] = targets.slice(2).map(({ id }) => id);
const route = routeTree(
  RouteConfig.parse({
    routes: [{ matchers: ['team="payments"', 'severity="critical"'], receiver: 'payments', repeat_interval: '1h' }],
  }),
);
const problem: NotifiedProblem = {
  cluster: 'west',
  key: 'shop/cart',
  state: 'firing',
  severity: 'critical',
  since: '2026-11-26T12:00:00Z',
  labels: { team: 'payments' },
  workload: 'cart',
  fault_types: ['CrashLoop'],
  symptoms: [],
  recurrences: 0,
  flapping: false,
};
const plan = (event: ProblemEvent, change: Partial<NotifiedProblem> = {}, notified: string[] = []) =>
  planDeliveries(
    { event, problem: { ...problem, ...change } },
    route,
    targets,
    new Map(notified.map((id) => [id, 60])),
  ).map(({ target }) => target);

test('the ids of the default receiver are those that earlier versions gave their queues', () => {
  expect(targets.map(({ id }) => id).slice(0, 2)).toEqual(['slack-bot', 'webhook']);
});

test.each<[ProblemEvent, Partial<NotifiedProblem>, string[], string[]]>([
  ['firing', {}, [], [PAGER, HOOK]],
  ['reported', {}, [], [PAGER, MAIL]],
  ['recovered', {}, [], []],
  ['recovered', {}, [MAIL], [MAIL]],
  ['recurred', {}, [PAGER, MAIL], []],
  ['acknowledged', {}, [PAGER, HOOK], [PAGER, HOOK]],
  ['firing', { labels: {} }, [], ['slack-bot']],
  ['firing', { labels: {}, component: 'worker' }, [], ['slack-bot', 'webhook']],
  ['recurred', { labels: {} }, ['slack-bot'], ['slack-bot']],
])('%s of %j, notified before: %j, goes to %j', (event, change, notified, expected) => {
  expect(plan(event, change, notified)).toEqual(expected);
});

test.each<[string, Partial<NotifiedProblem>, string[]]>([
  ['another target of its receiver', { key: 'component:receiver:slack-bot' }, ['webhook']],
  ['the targets that its labels lead to', { key: `component:receiver:${MAIL}` }, ['slack-bot', 'webhook']],
])('a target that fails is announced by %s', (_, change, expected) => {
  expect(plan('firing', { labels: {}, component: 'receiver', ...change })).toEqual(expected);
});

test('the failure of the only target that it is routed to goes to all others', () => {
  const single = receiverTargets(
    Settings.parse({
      webhook_url: 'https://all.example',
      receivers: [{ name: 'payments', pagerduty_configs: [{ routing_key: 'a'.repeat(32) }] }],
    }),
  );
  const failure = { ...problem, labels: {}, component: 'receiver', key: 'component:receiver:webhook' };
  const to = (event: ProblemEvent, notified: string[]): string[] =>
    planDeliveries({ event, problem: failure }, route, single, new Map(notified.map((id) => [id, 60]))).map(
      ({ target }) => target,
    );
  expect(to('firing', [])).toEqual([PAGER]);
  expect(to('recovered', [PAGER])).toEqual([PAGER]);
});

test('who was notified of a problem is notified of its end, although its labels have changed', () => {
  expect(plan('recovered', { severity: 'warning' }, [PAGER])).toEqual([PAGER]);
});

test('a target is notified again at the interval of its route, or of the last one', () => {
  const intervals = (change: Partial<NotifiedProblem>) =>
    planDeliveries(
      { event: 'reported', problem: { ...problem, ...change } },
      route,
      targets,
      new Map([[MAIL, 60]]),
    ).find(({ target }) => target === MAIL)?.repeatInterval;
  expect([intervals({}), intervals({ severity: 'warning' })]).toEqual([3600, 60]);
});
