import { expect, test } from 'vitest';
import { ConnectPace, type ConnectPaceClock } from './connect-pace.ts';

/** A clock on which each wait takes longer than asked for, by the next one of `delays`, ms. */
function clockWith(delays: number[]): ConnectPaceClock {
  let time = 0;
  return {
    now: () => time,
    sleep: async (milliseconds) => {
      time += milliseconds + (delays.shift() ?? 0);
    },
  };
}

/** Begins so many connects together. @returns when each began, in their order */
async function begin(count: number, clock: ConnectPaceClock): Promise<number[]> {
  const pace = new ConnectPace(clock);
  return Promise.all(Array.from({ length: count }, () => pace.run(async () => clock.now())));
}

test('while others wait, a connect begins when the event loop is no longer late', async () => {
  const delays = Array.from({ length: 50 }, () => 400);
  const [first = 0] = await begin(51, clockWith(delays));
  expect(first).toBeGreaterThanOrEqual(400 * 50);
});

test('a connect does not wait for ever for an event loop that stays late', async () => {
  let waits = 0;
  const clock = clockWith(Array.from({ length: 10_000 }, () => 490));
  const counted = async (milliseconds: number): Promise<void> => {
    if ((waits += 1) > 10_000) throw new Error('it waits for ever');
    await clock.sleep(milliseconds);
  };
  expect(await begin(60, { now: clock.now, sleep: counted })).toHaveLength(60);
  expect(waits).toBeLessThan(1_000);
});

test('a few connects do not wait for the event loop', async () => {
  expect(await begin(50, clockWith([400, 400]))).toEqual(Array.from({ length: 50 }, () => 0));
});

test('at most 50 connects run at once, and all of them run', async () => {
  const pace = new ConnectPace(clockWith([]));
  let running = 0;
  let most = 0;
  const connect = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  };
  await Promise.all(Array.from({ length: 200 }, () => pace.run(connect)));
  expect(most).toBe(50);
  expect(running).toBe(0);
});

test('scans wait until no connect waits any more, but not for ever', async () => {
  const pace = new ConnectPace(clockWith([]));
  const { signal } = new AbortController();
  const connected = Promise.withResolvers<void>();
  const connects = Promise.all(Array.from({ length: 51 }, () => pace.run(() => connected.promise)));
  expect(pace.isCrowded).toBe(true);
  let scans = 0;
  const scan = async (): Promise<void> => void (scans += 1);
  // Its half minute passes at once on this clock.
  await pace.afterConnects(scan, signal);
  expect([scans, pace.isCrowded]).toEqual([1, true]);
  connected.resolve();
  await connects;
  await pace.afterConnects(scan, signal);
  expect([scans, pace.isCrowded]).toEqual([2, false]);
});

test('connects are a crowd until the last one that waited for others has had time to subscribe', async () => {
  let time = 0;
  const pace = new ConnectPace({ now: () => time, sleep: async () => undefined });
  const [first, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const firsts = Promise.all(Array.from({ length: 50 }, () => pace.run(() => first.promise)));
  expect(pace.isCrowded).toBe(false);
  const other = pace.run(() => last.promise);
  first.resolve();
  await firsts;
  expect(pace.isCrowded).toBe(true);
  last.resolve();
  await other;
  time += 999;
  expect(pace.isCrowded).toBe(true);
  time += 1;
  expect(pace.isCrowded).toBe(false);
});

test('connects that do not wait for others are no crowd', async () => {
  const pace = new ConnectPace(clockWith([]));
  await Promise.all(Array.from({ length: 50 }, () => pace.run(async () => undefined)));
  expect(pace.isCrowded).toBe(false);
});

test('a scan of a session that has ended meanwhile is left out', async () => {
  const pace = new ConnectPace(clockWith([]));
  let scans = 0;
  await pace.afterConnects(async () => void (scans += 1), AbortSignal.abort());
  expect(scans).toBe(0);
});
