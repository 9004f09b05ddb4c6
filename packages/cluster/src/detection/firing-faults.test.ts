import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { expect, test } from 'vitest';
import { StandingFaults } from './firing-faults.ts';

const fault = (faultId: string, name: string, faultType = 'CrashLoop'): FaultEvent => ({
  faultId,
  faultType,
  severity: 'critical',
  resource: { apiVersion: 'v1', kind: 'Pod', name },
  timestamp: '2026-11-21T10:00:00Z',
});
const a = fault('a', 'cart');
const aToo = fault('a2', 'cart');
const b = fault('b', 'checkout');
const event = fault('e', 'cart', 'BackOff');

test('a fault is new once, however long it stands', () => {
  const standing = new StandingFaults();
  expect(standing.update([a], true)).toEqual([a]);
  expect(standing.update([a], true)).toEqual([]);
  expect(standing.update([a, b], true)).toEqual([b]);
});

test('a fault that was gone for a poll is new again', () => {
  const standing = new StandingFaults();
  standing.update([a], true);
  standing.update([], true);
  expect(standing.update([a], true)).toEqual([a]);
});

test('an object that alternates between two faults reports each once', () => {
  const standing = new StandingFaults();
  expect(standing.update([a], true)).toEqual([a]);
  expect(standing.update([aToo], true)).toEqual([aToo]);
  expect(standing.update([a], true)).toEqual([]);
  expect(standing.update([aToo], true)).toEqual([]);
});

test('two faults of one object in one poll are both new', () => {
  expect(new StandingFaults().update([a, aToo], true)).toEqual([a, aToo]);
});

test('nothing is forgotten in a poll that did not see everything', () => {
  const standing = new StandingFaults();
  standing.update([a], true);
  expect(standing.update([b], false)).toEqual([b]);
  expect(standing.update([a, b], true)).toEqual([]);
});

test('the events that outlive a fault are not news, but the fault is when it returns', () => {
  const standing = new StandingFaults();
  standing.update([a], true);
  expect(standing.update([event], true)).toEqual([]);
  expect(standing.update([a], true)).toEqual([a]);
});

test('an event of an object that nothing was known of is news once', () => {
  const standing = new StandingFaults();
  expect(standing.update([event], true)).toEqual([event]);
  expect(standing.update([event], true)).toEqual([]);
  expect(standing.update([a], true)).toEqual([a]);
});
