import { expect, test } from 'vitest';
import { RouteConfig } from '../settings/sections/receivers.ts';
import { type Labelled, problemLabels } from '../matching/problem-labels.ts';
import { destinationsOf, routeTree } from './route-tree.ts';

const labelsOf = (own: Partial<Labelled>, labels: Record<string, string> = {}) =>
  problemLabels({ cluster: 'x', severity: 'warning', ...own, labels });

const tree = routeTree(
  RouteConfig.parse({
    receiver: 'everyone',
    repeat_interval: '4h',
    routes: [
      { matchers: 'severity="critical"', receiver: 'pager', continue: true, repeat_interval: '1h' },
      {
        matchers: ['team="payments"'],
        receiver: 'payments',
        routes: [
          { matchers: ['namespace=~"pay.*", workload!="batch"'], receiver: 'payments-core' },
          { matchers: ['environment="staging"'] },
        ],
      },
      { matchers: ['component=~".+"'], receiver: 'platform', repeat_interval: '12h' },
      { matchers: ['team="payments"', 'severity="info"'], receiver: 'never' },
    ],
  }),
);

test.each<[string, Parameters<typeof labelsOf>, string[]]>([
  ['the root takes what no child matches', [{ cluster: 'west' }], ['everyone']],
  ['continue goes on with the siblings', [{ severity: 'critical' }], ['pager']],
  ['continue adds a receiver', [{ severity: 'critical', namespace: 'x' }, { team: 'payments' }], ['pager', 'payments']],
  ['the deepest match takes it', [{ namespace: 'payout' }, { team: 'payments' }], ['payments-core']],
  ['all matchers must match', [{ namespace: 'payout', workload: 'batch' }, { team: 'payments' }], ['payments']],
  ['a child inherits the receiver', [{ environment: 'staging' }, { team: 'payments' }], ['payments']],
  ['a missing label is empty', [{ component: 'worker' }], ['platform']],
])('%s', (_, [own, labels], receivers) => {
  expect(destinationsOf(tree, labelsOf(own, labels)).map(({ receiver }) => receiver)).toEqual(receivers);
});

test('a route inherits the interval of its parent', () => {
  const intervals = destinationsOf(tree, labelsOf({ severity: 'critical' }, { team: 'payments' }));
  expect(intervals).toMatchObject([{ repeatInterval: 3600 }, { repeatInterval: 14_400 }]);
});

test('a receiver that two routes name is notified once, at the shorter interval', () => {
  const root = routeTree(
    RouteConfig.parse({
      receiver: 'a',
      routes: [
        { matchers: 'cluster="x"', continue: true },
        { matchers: 'cluster="x"', repeat_interval: 3600 },
      ],
    }),
  );
  expect(destinationsOf(root, labelsOf({ cluster: 'x' }))).toEqual([
    { receiver: 'a', repeatInterval: 3600, path: ['route', 'routes', 0] },
  ]);
});

test('without routes the default receiver gets everything, once', () => {
  expect(destinationsOf(routeTree(undefined), labelsOf({ cluster: 'x' }))).toEqual([
    { receiver: 'default', repeatInterval: undefined, path: ['route'] },
  ]);
});
