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

test('a connect begins when the event loop is no longer late', async () => {
  const clock = clockWith([400, 250, 20]);
  const begunAt = await new ConnectPace(clock).run(async () => clock.now());
  expect(begunAt).toBe(400 + 250 + 20 + 3 * 10);
});

test('a connect does not wait for ever for an event loop that stays late', async () => {
  const clock = clockWith(Array.from({ length: 1_000 }, () => 490));
  const begunAt = await new ConnectPace(clock).run(async () => clock.now());
  expect(begunAt).toBe(2_000);
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
