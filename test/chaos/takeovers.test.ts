import { expect, test } from 'vitest';
import type { Action } from './schedule.ts';
import { takeoversOf, wasForgotten } from './takeovers.ts';

const BEGAN = 1_000_000;
const run = (start: number, worker = 'worker-1', end?: number) => ({
  start: BEGAN + start,
  worker,
  ...(end !== undefined && { end: BEGAN + end }),
});
const kill = (at: number, worker = 'worker-1'): Action => ({
  at,
  kind: 'kill worker',
  target: worker,
  duration: 500,
  worker,
});
const action = (kind: Action['kind'], target: string, at: number, duration: number): Action => ({
  kind,
  target,
  at,
  duration,
});

test('measures from the kill of the worker that ran the agent, and finds one that takes too long', () => {
  const runs = new Map([
    ['prompt', [run(0), run(14_000, 'worker-2')]],
    ['late', [run(0), run(25_000, 'worker-2')]],
  ]);
  expect(takeoversOf(runs, [kill(1_000)], BEGAN)).toEqual({
    takeovers: 2,
    takeover_s_p50: 24,
    takeover_s: 24,
    takeovers_delayed: 0,
    violations: ['incident late was taken over 24000 ms after the kill at 1000 ms'],
  });
});

test('leaves out agents of other workers, those that had ended, and incidents that are investigated once', () => {
  const runs = new Map([
    ['of the other worker', [run(0, 'worker-2'), run(60_000)]],
    ['ended before', [run(0, 'worker-1', 1_000), run(60_000)]],
    ['once', [run(0)]],
  ]);
  expect(takeoversOf(runs, [kill(5_000)], BEGAN)).toEqual({ takeovers: 0, takeovers_delayed: 0, violations: [] });
});

test('measures from the end of the failure of Redis that delayed it', () => {
  const runs = new Map([['delayed', [run(0), run(60_000, 'worker-2')]]]);
  const actions = [kill(1_000), action('full disk', 'disk of redis', 500, 40_000)];
  expect(takeoversOf(runs, actions, BEGAN)).toEqual({
    takeovers: 1,
    takeovers_delayed: 1,
    takeover_delayed_s: 19.5,
    violations: [],
  });
  expect(takeoversOf(new Map([['late', [run(0), run(90_000)]]]), actions, BEGAN).violations).toEqual([
    'incident late was taken over 49500 ms after the last failure that delayed it; its worker was killed at 1000 ms',
  ]);
});

test('leaves out an incident that could not write to the disk of the workspaces', () => {
  const runs = new Map([['full', [run(0), run(60_000)]]]);
  const actions = [kill(1_000), action('full disk', 'disk of workspaces', 2_000, 1_000)];
  expect(takeoversOf(runs, actions, BEGAN)).toMatchObject({ takeovers: 0, violations: [] });
});

test('excuses two runs at once only where Redis lost the end of its file between their starts', () => {
  const truncated = [action('truncate redis', 'redis', 5_000, 1_000)];
  expect(wasForgotten([run(4_000), run(7_000)], truncated, BEGAN)).toBe(true);
  expect(wasForgotten([run(6_000), run(7_000)], truncated, BEGAN)).toBe(false);
  expect(wasForgotten([run(4_000), run(7_000)], [action('kill redis', 'redis', 5_000, 1_000)], BEGAN)).toBe(false);
});
