import { expect, test } from 'vitest';
import { parseMatchers } from './parse-matchers.ts';
import { problemLabels } from './problem-labels.ts';

const labels = problemLabels({
  cluster: 'prod',
  labels: { team: 'shop', cluster: 'not this', ['__proto__']: 'x' },
  namespace: 'cart',
  severity: 'critical',
});

test.each([
  ['cluster=prod', true],
  ['team=shop,namespace=~"ca.*"', true],
  ['severity="critical"', true],
  ['environment=""', true],
  ['node!=""', false],
  ['__proto__=x', true],
  ['constructor=~".+"', false],
])('%s holds for a problem: %s', (text, holds) => {
  expect(parseMatchers(text).every((matcher) => matcher.matches(labels))).toBe(holds);
});
