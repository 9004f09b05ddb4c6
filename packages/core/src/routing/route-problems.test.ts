import { expect, test } from 'vitest';
import { RouteConfig } from '../settings/sections/receivers.ts';
import { routingProblems } from './route-problems.ts';

function check(routes: unknown[], root: object = { receiver: 'a' }): [path: string, message: string][] {
  const config = RouteConfig.parse({ ...root, routes });
  const { problems, warnings } = routingProblems(config, {
    receivers: ['a', 'b'],
    hasDefault: false,
    clusterLabels: new Set(['team']),
  });
  return [...problems, ...warnings].map(({ path, message }) => [path.slice(1).join('.'), message]);
}

const used = { receiver: 'b', matchers: 'cluster="used"' };

test.each<[string, unknown[], string, RegExp]>([
  [
    'an unknown receiver',
    [used, { receiver: 'c', matchers: 'cluster="x"' }],
    'routes.1.receiver',
    /no receiver "c".*a, b/,
  ],
  ['a receiver that is not used', [], '1', /no route names receiver b/],
  [
    'a route behind one that takes all',
    [{ receiver: 'b' }, { matchers: 'cluster="x"' }],
    'routes.1',
    /unreachable.*routes\[0\]/,
  ],
  [
    'a route that a wider one covers',
    [{ ...used, matchers: 'severity=~"critical|warning"' }, { matchers: ['cluster="x"', 'severity="critical"'] }],
    'routes.1',
    /unreachable/,
  ],
  [
    'a route that its parent excludes',
    [{ ...used, routes: [{ matchers: 'cluster="other"' }] }],
    'routes.0.routes.0',
    /unreachable: .*cannot both match/,
  ],
  [
    'a label that does not exist',
    [used, { matchers: 'severty="critical"' }],
    'routes.1.matchers.0',
    /did you mean severity/,
  ],
  [
    'a severity that does not exist',
    [used, { matchers: 'severity="high"' }],
    'routes.1.matchers.0',
    /info, warning, critical/,
  ],
  ['a matcher that cannot be read', [used, { matchers: ['cluster=~"("'] }], 'routes.1.matchers.0', /character 10/],
])('finds %s', (_, routes, path, message) => {
  const found = check(routes);
  expect(found).toEqual([[path, expect.stringMatching(message)]]);
});

test('finds nothing wrong with routes that can all be reached', () => {
  const routes = [
    { matchers: 'severity="critical"', receiver: 'b', continue: true },
    { matchers: ['severity="critical"', 'cluster="x"'], routes: [{ matchers: 'namespace="shop"' }] },
    { matchers: 'cluster!="x"' },
    { matchers: 'team="x"', receiver: 'a', routes: [{ matchers: 'component=""' }] },
    { matchers: 'cluster="x"' },
  ];
  expect(check(routes)).toEqual([]);
});

test('the root has no matchers, and the default receiver needs settings', () => {
  expect(check([used], { matchers: 'cluster="x"', receiver: 'a' })).toEqual([
    ['matchers', expect.stringMatching(/root route/)],
  ]);
  expect(check([used, { receiver: 'a', matchers: 'cluster="y"' }], { receiver: 'default' })).toEqual([
    ['receiver', expect.stringMatching(/needs slack_webhook_url/)],
  ]);
});
