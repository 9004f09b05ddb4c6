import { setImmediate } from 'node:timers/promises';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import { silentLogger } from '@nightcrier/core/logger';
import { expect, onTestFinished, test } from 'vitest';
import { AdmissionWindow, WINDOW_WIDTH } from './admission-window.ts';
import type { SpooledFault } from './spooled-fault.ts';

function fault(position: number): SpooledFault {
  const timestamp = '2026-11-21T10:00:00Z';
  const resource = { apiVersion: 'v1', kind: 'Pod', name: `pod-${position}` };
  return {
    position,
    incidentId: `incident-${position}`,
    event: {
      cluster_name: 'alpha',
      labels: {},
      event: { faultId: `fault-${position}`, faultType: 'CrashLoop', severity: 'critical', resource, timestamp },
      source: 'subscription',
      received_at: timestamp,
    },
  };
}

const faults = (count: number): SpooledFault[] => Array.from({ length: count }, (_, position) => fault(position));
const positions = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

interface Call {
  position: number;
  answer: () => void;
  fail: (error?: Error) => void;
}

/** A window whose admissions are answered by the test. */
function manualWindow(patience = 60_000) {
  const calls: Call[] = [];
  const open = new Set<Call>();
  const answered: number[] = [];
  const defects: number[] = [];
  let stalls = 0;
  let mostAtOnce = 0;
  const window = new AdmissionWindow({
    admit: ({ event: { faultId } }, incidentId) => {
      const decision = Promise.withResolvers<AdmissionOutcome>();
      const call: Call = {
        position: Number(faultId.slice('fault-'.length)),
        answer: () => open.delete(call) && decision.resolve({ kind: 'queued', incidentId, evicted: [] }),
        fail: (error = new Error('Redis is unreachable')) => open.delete(call) && decision.reject(error),
      };
      calls.push(call);
      open.add(call);
      mostAtOnce = Math.max(mostAtOnce, open.size);
      return decision.promise;
    },
    onAnswered: ({ position }) => answered.push(position),
    onDefect: ({ position }) => defects.push(position),
    onStall: () => (stalls += 1),
    onRoom: () => undefined,
    patience,
    longestRetry: 1,
    random: () => 0,
    logger: silentLogger,
  });
  const callOf = (position: number): Call | undefined => [...open].find((call) => call.position === position);
  onTestFinished(async () => {
    window.abort();
    for (; open.size > 0; await setImmediate()) for (const call of open) call.answer();
  });
  return {
    window,
    calls,
    answered,
    defects,
    callOf,
    openPositions: () => [...open].map(({ position }) => position),
    stalls: () => stalls,
    mostAtOnce: () => mostAtOnce,
    /** Answers what is in flight, and what is sent then, until nothing is. */
    answerAll: async () => {
      await expect
        .poll(
          () => {
            for (const call of open) call.answer();
            return window.size;
          },
          { timeout: 30_000, interval: 1 },
        )
        .toBe(0);
    },
  };
}

test('faults that failed are retried first, in the order of receipt, whatever the order in which they failed', async () => {
  const { window, answered, calls, callOf, openPositions, answerAll } = manualWindow();
  window.push(...faults(6));
  callOf(4)?.fail();
  callOf(0)?.answer();
  callOf(5)?.answer();
  callOf(3)?.fail();
  await setImmediate();
  window.push(fault(6));
  callOf(2)?.answer();
  callOf(1)?.fail();
  await expect.poll(openPositions).toEqual([1]);
  expect(window.faults().map(({ position }) => position)).toEqual([1, 3, 4, 6]);

  await answerAll();
  expect(calls.slice(6).map(({ position }) => position)).toEqual([1, 3, 4, 6]);
  expect(answered.toSorted((a, b) => a - b)).toEqual(positions(7));
});

test('nothing new is sent after a failure until all that is in flight has ended, and then a single fault', async () => {
  const { window, callOf, openPositions, stalls } = manualWindow();
  window.push(...faults(3));
  callOf(1)?.fail();
  await setImmediate();
  window.push(fault(3));
  callOf(0)?.answer();
  await setImmediate();
  expect(openPositions()).toEqual([2]);
  expect(window.stalled).toBe(false);
  callOf(2)?.fail();
  await expect.poll(openPositions).toEqual([1]);
  expect(window.stalled).toBe(true);
  expect(stalls()).toBe(1);

  callOf(1)?.fail();
  await expect.poll(openPositions).toEqual([1]);
  callOf(1)?.answer();
  await expect.poll(openPositions).toEqual([2, 3]);
  expect(window.stalled).toBe(false);
});

test('never more than 200 admissions are in flight, before an outage, during it and after it', async () => {
  const { window, calls, openPositions, mostAtOnce, answerAll } = manualWindow();
  window.push(...faults(500));
  expect(openPositions()).toEqual(positions(WINDOW_WIDTH));
  calls[0]?.answer();
  await expect.poll(openPositions).toEqual(positions(WINDOW_WIDTH, 1));
  for (const call of calls) call.fail();
  await expect.poll(openPositions).toEqual([1]);
  await answerAll();
  expect(WINDOW_WIDTH).toBe(200);
  expect(mostAtOnce()).toBe(WINDOW_WIDTH);
  expect(new Set(calls.map(({ position }) => position)).size).toBe(500);
});

test('silence stalls the window once; the first answer makes it flow again', async () => {
  const { window, callOf, openPositions, stalls } = manualWindow(500);
  window.push(...faults(2));
  await expect.poll(() => window.stalled).toBe(true);
  window.push(fault(2));
  expect(openPositions()).toEqual([0, 1]);
  expect(stalls()).toBe(1);
  callOf(1)?.answer();
  await setImmediate();
  expect(openPositions()).toEqual([0, 2]);
  expect(window.stalled).toBe(false);
  // The other two are silent.
  await expect.poll(() => window.stalled).toBe(true);
  expect(stalls()).toBe(2);
});

test('a window that stalled goes on after an invalid fault, one at a time until there is an answer', async () => {
  const { window, callOf, openPositions, defects } = manualWindow(20);
  window.push(...faults(4));
  await expect.poll(() => window.stalled).toBe(true);
  for (const position of positions(3)) callOf(position)?.fail(new RangeError('received_at must be a time'));
  callOf(3)?.fail();
  await expect.poll(openPositions).toEqual([3]);
  expect(defects).toEqual([0, 1, 2]);
  window.push(fault(4));
  callOf(3)?.fail(new TypeError('no such fault'));
  await expect.poll(openPositions).toEqual([4]);
  expect(window.stalled).toBe(true);
});

test('an aborted window ends at the next failure and keeps what is not answered, in order', async () => {
  const { window, callOf, openPositions } = manualWindow();
  window.push(...faults(3));
  window.abort();
  callOf(0)?.answer();
  callOf(2)?.fail();
  callOf(1)?.fail();
  await expect.poll(() => window.stalled).toBe(true);
  window.push(fault(3));
  await setImmediate();
  expect(openPositions()).toEqual([]);
  expect(window.faults().map(({ position }) => position)).toEqual([1, 2, 3]);
});
