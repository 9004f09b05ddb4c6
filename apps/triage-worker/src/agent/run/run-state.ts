import type { RunEnd } from '../../agent-runtime.ts';

/** The states of a run, in their order. */
export type RunState =
  | { kind: 'created' }
  | { kind: 'running' }
  | { kind: 'ended'; end: RunEnd }
  | { kind: 'recorded'; end: RunEnd }
  | { kind: 'removed'; end: RunEnd };

export type RunEvent =
  | { kind: 'started' }
  | { kind: 'ended'; end: RunEnd }
  | { kind: 'recorded' }
  | { kind: 'removed' };

/**
 * Returns the state after an event. The first cause of an end counts: a later one does not replace it.
 * @throws Error when the event cannot happen in that state
 */
export function advance(state: RunState, event: RunEvent): RunState {
  switch (event.kind) {
    case 'started':
      if (state.kind === 'created') return { kind: 'running' };
      break;
    case 'ended':
      if (state.kind === 'created' || state.kind === 'running') return { kind: 'ended', end: event.end };
      return state;
    case 'recorded':
      if (state.kind === 'ended') return { kind: 'recorded', end: state.end };
      break;
    case 'removed':
      if (state.kind === 'recorded') return { kind: 'removed', end: state.end };
      break;
    default:
      return event satisfies never;
  }
  throw new Error(`a run that is ${state.kind} cannot be ${event.kind}`);
}
