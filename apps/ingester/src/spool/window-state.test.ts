import { expect, test } from 'vitest';
import { isStalled, nextWindowState } from './window-state.ts';

test('a window never flows again without an answer to a probe, or to what was in flight', () => {
  expect(() => nextWindowState('pausing', 'flowing')).toThrow('the admission window cannot go from pausing to flowing');
  expect(() => nextWindowState('draining', 'flowing')).toThrow('from draining to flowing');
  expect(nextWindowState('probing', 'flowing')).toBe('flowing');
  expect(nextWindowState('stalled', 'flowing')).toBe('flowing');
});

test('an ended window stays so', () => {
  expect(() => nextWindowState('ended', 'probing')).toThrow('from ended to probing');
});

test.each([
  ['flowing', false],
  ['draining', false],
  ['stalled', true],
  ['pausing', true],
  ['probing', true],
  ['ended', true],
] as const)('%s counts as stalled: %s', (state, expected) => {
  expect(isStalled(state)).toBe(expected);
});
