import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { resourceOf, resourcesOf, subscribedOf, subscriptionState, type ToolAnswer } from './tools.ts';

const answer = (text: string, structured?: unknown): ToolAnswer => ({ text, structured, isError: false });

test('subscribedOf finds the id between the prose', () => {
  const text =
    '# Event Subscription Created\n\n{\n  "subscriptionId": "sub-1",\n  "status": "active"\n}\n\nYou will receive …';
  expect(subscribedOf(answer(text)).id).toBe('sub-1');
  expect(subscribedOf(answer('# Event Subscription Created')).id).toBeUndefined();
});

describe('subscriptionState', () => {
  const list = (subscriptions: unknown) =>
    answer(`# Active Subscriptions\n\n${JSON.stringify({ subscriptions, total: 1 })}`);

  test.each([
    ['registered', list([{ subscriptionId: 'other' }, { subscriptionId: 'ours', degraded: false }])],
    ['degraded', list([{ subscriptionId: 'ours', degraded: true }])],
    ['gone', list([{ subscriptionId: 'ours-not', degraded: false }])],
    ['gone', list([])],
    ['gone', list(null)],
    ['gone', answer('No active subscriptions')],
    ['registered', answer('* ours (faults), since today')],
  ] as const)('%s', (state, given) => {
    expect(subscriptionState(given, 'ours')).toBe(state);
  });
});

describe('resourcesOf', () => {
  test.each([
    ['structured content', answer('a table', { items: [{ metadata: {} }] })],
    ['YAML, a list', answer('- metadata: {}\n')],
    ['YAML, an object with items', answer('apiVersion: v1\nitems:\n  - metadata: {}\n')],
  ])('reads %s', (_, given) => {
    expect(resourcesOf(given)).toEqual([{ metadata: {} }]);
  });

  test.each([
    ['empty structured content', answer('', { items: [] })],
    ['structured content without a list', answer('', { items: null })],
    ['an empty YAML list', answer('[]\n')],
    ['the words for nothing', answer('# No events found')],
  ])('reads %s as nothing', (_, given) => {
    expect(resourcesOf(given)).toEqual([]);
  });

  test.each([
    ['a table', 'NAMESPACE   NAME    READY\nshop        cart-0  1/1', undefined],
    ['the rows of a table', 'NAMESPACE …', { items: [{ Name: 'cart-0', Status: 'Running', kind: 'Pod' }] }],
    ['an empty table, which is no text at all', '', undefined],
    ['broken YAML', '- a: [\n', undefined],
  ])('refuses %s and says what to change', (_, text, structured) => {
    expect(() => resourcesOf(answer(text, structured))).toThrow('--list-output yaml');
  });
});

test('a text with a directive that YAML does not know writes no warning into the log of the process', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  resourceOf(answer('%shop\n---\nmetadata: {name: cart}\n'));
  await setImmediate();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
