import { silentLogger } from '@nightcrier/core/logger';
import { expect, it, test } from 'vitest';
import { type WorkerState, WorkerStateTracker } from './worker-state.ts';

const STATES = ['running', 'draining', 'aborting', 'closed'] as const;

/** A tracker that has gone through these states. */
function trackerAfter(...states: (typeof STATES)[number][]): WorkerStateTracker {
  const tracker = new WorkerStateTracker(silentLogger);
  for (const state of states) tracker.change(state);
  return tracker;
}

test.each<[(typeof STATES)[number][], WorkerState[]]>([
  [[], ['running', 'draining']],
  [['running'], ['draining']],
  [
    ['running', 'draining'],
    ['aborting', 'closed'],
  ],
  [['running', 'draining', 'aborting'], ['closed']],
  [['running', 'draining', 'closed'], []],
])('after %j only %j can follow', (path, allowed) => {
  const possible = STATES.filter((state) => {
    try {
      trackerAfter(...path).change(state);
      return true;
    } catch {
      return false;
    }
  });
  expect(possible).toEqual(allowed);
});

it('aborts investigations when it is aborting, and not before', () => {
  const tracker = trackerAfter('running', 'draining');
  expect(tracker.aborted.aborted).toBe(false);
  tracker.change('aborting');
  expect(tracker.aborted).toMatchObject({ aborted: true, reason: 'the worker shuts down' });
});
