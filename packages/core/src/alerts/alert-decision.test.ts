import { expect, test } from 'vitest';
import { decideAlert } from './alert-decision.ts';

const alert = { resolved: false, startsAt: 1_000, receivedAt: 10_000, severity: 'warning' as const };
const firing = { state: 'firing' as const, startsAt: 1_000, receivedAt: 5_000 };
const resolved = { state: 'resolved' as const, startsAt: 1_000, endedAt: 6_000, receivedAt: 6_000 };
const at = { known: undefined, firing: undefined };

test('a new alert is a fault, unless one of its rule fires for the workload already', () => {
  expect(decideAlert({ alert, ...at })).toBe('fired');
  expect(decideAlert({ alert, ...at, firing: 'warning' })).toBe('resent');
  expect(decideAlert({ alert, ...at, firing: 'critical' })).toBe('resent');
  expect(decideAlert({ alert, ...at, firing: 'info' })).toBe('fired');
});

test('a repeated alert is not, whatever start its sender tells', () => {
  expect(decideAlert({ alert, ...at, known: firing })).toBe('resent');
  expect(decideAlert({ alert: { ...alert, startsAt: 3_000 }, ...at, known: firing })).toBe('resent');
});

test('an alert that fires again is a fault again if it started after its end', () => {
  expect(decideAlert({ alert: { ...alert, startsAt: 7_000 }, ...at, known: resolved })).toBe('fired');
  expect(decideAlert({ alert, ...at, known: resolved })).toBe('resent');
  expect(decideAlert({ alert: { ...alert, startsAt: 5_000 }, ...at, known: resolved })).toBe('resent');
});

test('an end counts once, and only of what is known', () => {
  const end = { ...alert, resolved: true };
  expect(decideAlert({ alert: end, ...at, known: firing })).toBe('resolved');
  expect(decideAlert({ alert: end, ...at, known: resolved })).toBe('ignored');
  expect(decideAlert({ alert: end, ...at })).toBe('ignored');
});

test('what was received before what is known is ignored', () => {
  const late = { ...alert, receivedAt: 4_000 };
  expect(decideAlert({ alert: late, ...at, known: firing })).toBe('ignored');
  expect(decideAlert({ alert: { ...late, resolved: true }, ...at, known: firing })).toBe('ignored');
});
