import { expect, test } from 'vitest';
import { rankIngesters } from './placement.ts';

const CLUSTERS = Array.from({ length: 600 }, (_, index) => `cluster-${index}`);
const holders = (ingesters: string[]): (string | undefined)[] =>
  CLUSTERS.map((cluster) => rankIngesters(cluster, ingesters)[0]);

test('every ingester gets a fair share', () => {
  const shares = Map.groupBy(holders(['a', 'b', 'c']), (owner) => owner);
  expect(new Set(shares.keys())).toEqual(new Set(['a', 'b', 'c']));
  for (const { length } of shares.values()) expect(Math.abs(length - 200)).toBeLessThan(60);
});

test('when an ingester stops, only its clusters move, to all others, and they return with it', () => {
  const before = holders(['a', 'b', 'c']);
  const after = holders(['a', 'c']);
  const moved = before.flatMap((owner, index) => (owner === after[index] ? [] : [{ from: owner, to: after[index] }]));
  expect(new Set(moved.map(({ from }) => from))).toEqual(new Set(['b']));
  expect(new Set(moved.map(({ to }) => to))).toEqual(new Set(['a', 'c']));
  expect(moved).toHaveLength(before.filter((owner) => owner === 'b').length);
});

test('the ranking does not depend on the order in which the ingesters are listed', () => {
  expect(holders(['a', 'b', 'c'])).toEqual(holders(['c', 'a', 'b']));
});

test('ranks every ingester, so that the successor is known', () => {
  expect(rankIngesters('prod', ['a', 'b', 'c']).toSorted()).toEqual(['a', 'b', 'c']);
  expect(rankIngesters('prod', [])).toEqual([]);
});
