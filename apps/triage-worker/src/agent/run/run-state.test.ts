import { expect, it } from 'vitest';
import type { RunEnd } from '../../agent-runtime.ts';
import { advance, type RunState } from './run-state.ts';

const exited: RunEnd = { reason: 'exited', exitCode: 0, oomKilled: false };
const stopped: RunEnd = { reason: 'stopped', exitCode: 143, oomKilled: false };

it('goes from created to removed', () => {
  let state: RunState = { kind: 'created' };
  for (const event of [
    { kind: 'started' },
    { kind: 'ended', end: exited },
    { kind: 'recorded' },
    { kind: 'removed' },
  ] as const) {
    state = advance(state, event);
  }
  expect(state).toEqual({ kind: 'removed', end: exited });
});

it('keeps the first cause of an end', () => {
  const ended = advance({ kind: 'running' }, { kind: 'ended', end: stopped });
  expect(advance(ended, { kind: 'ended', end: exited })).toEqual({ kind: 'ended', end: stopped });
});

it.each([
  [{ kind: 'running' }, { kind: 'started' }],
  [{ kind: 'running' }, { kind: 'recorded' }],
  [{ kind: 'ended', end: exited }, { kind: 'removed' }],
  [{ kind: 'created' }, { kind: 'removed' }],
] as const)('refuses %j after %j', (state, event) => {
  expect(() => advance(state, event)).toThrow(`a run that is ${state.kind} cannot be ${event.kind}`);
});
