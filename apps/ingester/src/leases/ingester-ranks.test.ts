import { expect, test } from 'vitest';
import { IngesterRanks } from './ingester-ranks.ts';

function ranksOf(live: string[]): IngesterRanks {
  const ranks = new IngesterRanks('me');
  ranks.setLive(live);
  return ranks;
}

const NAMES = Array.from({ length: 50 }, (_, index) => `cluster-${index}`);

test('a silent ingester is not ranked, and the others keep their order', () => {
  const ranks = ranksOf(['me', 'two', 'three']);
  const before = NAMES.map((name) => ranks.of(name));
  ranks.setSilent(new Set(['two']));
  expect(ranks.silent).toEqual(['two']);
  expect(NAMES.map((name) => ranks.of(name))).toEqual(before.map((ranked) => ranked.filter((id) => id !== 'two')));
  ranks.setSilent(new Set());
  expect(ranks.silent).toEqual([]);
  expect(NAMES.map((name) => ranks.of(name))).toEqual(before);
});

test('an ingester is never silent to itself', () => {
  const ranks = ranksOf(['me', 'two']);
  ranks.setSilent(new Set(['me']));
  expect(ranks.ranked).toEqual(['me', 'two']);
});

test('a silent ingester that is not live any more is none', () => {
  const ranks = ranksOf(['me', 'two']);
  ranks.setSilent(new Set(['two']));
  ranks.setLive(['me']);
  expect(ranks.silent).toEqual([]);
});
