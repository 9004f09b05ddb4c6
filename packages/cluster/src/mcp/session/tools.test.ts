import { describe, expect, test } from 'vitest';
import { subscribedOf, subscriptionState, type ToolAnswer } from './tools.ts';

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
