import { silentLogger } from '@nightcrier/core/logger';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Backlog, ReportCheck } from './report-check.ts';

/** A check with a clock that a test moves. */
function startCheck() {
  vi.useFakeTimers();
  const world = { runId: 'one', backlog: 'none' as Backlog, checks: [] as string[], fails: false };
  const check = new ReportCheck({
    verify: async (checked) => {
      if (world.fails) throw new Error('redis is unreachable');
      world.checks.push(checked);
    },
    runId: async () => world.runId,
    backlog: () => world.backlog,
    logger: silentLogger,
  });
  check.start();
  onTestFinished(async () => {
    await check.stop();
    vi.useRealTimers();
  });
  return { check, world };
}

test('what is missing is checked every five minutes', async () => {
  const { world } = startCheck();
  await vi.advanceTimersByTimeAsync(11 * 60_000);
  expect(world.checks).toEqual(['missing', 'missing', 'missing']);
});

test('all that is firing is checked when another Redis answers, until a check succeeds, and once', async () => {
  const { check, world } = startCheck();
  await vi.advanceTimersByTimeAsync(0);
  check.reconnected();
  await vi.advanceTimersByTimeAsync(0);
  Object.assign(world, { runId: 'two', fails: true });
  check.reconnected();
  await vi.advanceTimersByTimeAsync(3_000);
  world.fails = false;
  await vi.advanceTimersByTimeAsync(6 * 60_000);
  expect(world.checks).toEqual(['missing', 'missing', 'all', 'missing']);
});

test('faults that wait for Redis are admitted first; those that are in flight all the time delay a check for half a minute', async () => {
  const { check, world } = startCheck();
  await vi.advanceTimersByTimeAsync(0);
  Object.assign(world, { runId: 'two', backlog: 'spooled' });
  check.reconnected();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(world.checks).toEqual(['missing']);
  Object.assign(world, { backlog: 'none' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(world.checks).toEqual(['missing', 'all']);
  Object.assign(world, { runId: 'three', backlog: 'in flight' });
  check.reconnected();
  await vi.advanceTimersByTimeAsync(29_000);
  expect(world.checks).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(world.checks).toEqual(['missing', 'all', 'all']);
});
