import { describe, expect, test } from 'vitest';
import { afterFailure, afterRenewal, type KeeperState, nextKeeperState } from './keeper-state.ts';

const STATES: KeeperState[] = [
  { kind: 'idle' },
  { kind: 'starting', since: 0 },
  { kind: 'connected', since: 0, afterOutage: false },
  { kind: 'disconnected' },
  { kind: 'leaving' },
  { kind: 'left' },
  { kind: 'stopped' },
];

describe('states of the leases', () => {
  test.each(STATES)('what follows $kind when a renewal succeeds or fails is a transition of the table', (state) => {
    const changes = [afterRenewal(state, 5), afterFailure(state)].filter((next) => next !== state);
    expect(changes.map((next) => nextKeeperState(state, next))).toEqual(changes);
  });

  test('every state can be stopped, and a stopped one is final', () => {
    for (const state of STATES.slice(0, -1)) expect(nextKeeperState(state, { kind: 'stopped' }).kind).toBe('stopped');
    for (const state of STATES) expect(() => nextKeeperState({ kind: 'stopped' }, state)).toThrow('from stopped to');
  });

  test('clusters that were handed over are not taken back', () => {
    expect(() => nextKeeperState({ kind: 'left' }, { kind: 'connected', since: 0, afterOutage: true })).toThrow(
      'the leases cannot go from left to connected',
    );
    expect(afterRenewal({ kind: 'leaving' }, 5)).toEqual({ kind: 'leaving' });
  });

  test('only a connection that was lost before counts as one after an outage', () => {
    expect(afterRenewal({ kind: 'starting', since: 1 }, 5)).toEqual({
      kind: 'connected',
      since: 5,
      afterOutage: false,
    });
    const lost = afterFailure({ kind: 'connected', since: 5, afterOutage: false });
    expect(afterRenewal(lost, 9)).toEqual({ kind: 'connected', since: 9, afterOutage: true });
  });

  test('a hand-over ends when Redis is unreachable', () => {
    expect(afterFailure({ kind: 'leaving' })).toEqual({ kind: 'left' });
  });
});
