import { expect, test } from 'vitest';
import { LostConnections } from './lost-connections.ts';

const RUNS_UNTIL = 10_000;
/** What is observed at a time by Redis's clock. */
const pulses = (now: number, connected: string[], runsUntil = RUNS_UNTIL) => ({
  now,
  runsUntil: new Map([
    ['me', now + 2_000],
    ['other', runsUntil],
  ]),
  connected: new Set(connected),
});

/** An observer that has observed the connection of another ingester, and that it is closed, at 1,000. */
function observerOfLoss(): LostConnections {
  const lost = new LostConnections('me');
  lost.observe(pulses(500, ['me', 'other']), 500);
  lost.observe(pulses(1_000, ['me']), 1_000);
  return lost;
}

test('an ingester whose connection stays closed for longer than a reconnect takes is lost', () => {
  const lost = observerOfLoss();
  expect(lost.untilConfirmable(1_000)).toBe(400);
  expect([...lost.confirmable(1_399)]).toEqual([]);
  expect([...lost.confirmable(1_400)]).toEqual([['other', RUNS_UNTIL]]);
});

test('an ingester that connects again, or gives a sign of life, is not lost', () => {
  const [connected, alive] = [observerOfLoss(), observerOfLoss()];
  connected.observe(pulses(1_200, ['me', 'other']), 1_200);
  alive.observe(pulses(1_200, ['me'], RUNS_UNTIL + 1), 1_200);
  for (const lost of [connected, alive]) {
    expect([...lost.confirmable(60_000)]).toEqual([]);
    expect(lost.untilConfirmable(1_200)).toBe(Infinity);
  }
});

test('one connection is lost once, however the ingester lives on', () => {
  const lost = observerOfLoss();
  // Its sign of life was ended, and it gives others over a connection that is not shown.
  lost.observe(pulses(1_400, ['me'], 1_400), 1_400);
  for (let now = 1_500; now < 9_000; now += 500) {
    lost.observe(pulses(now, ['me'], now + 2_000), now);
    expect([...lost.confirmable(now + 1_000)]).toEqual([]);
  }
});

test('an ingester that never showed a connection, as of an older version, is not lost', () => {
  const lost = new LostConnections('me');
  for (let now = 0; now < 5_000; now += 500) lost.observe(pulses(now, ['me']), now);
  expect([...lost.confirmable(60_000)]).toEqual([]);
});

test('no ingester is lost while all of them connect again: after its own reconnect the observer has to observe each connection anew', () => {
  const lost = observerOfLoss();
  lost.reconnected();
  for (let now = 1_500; now < 6_000; now += 500) {
    lost.observe(pulses(now, ['me']), now);
    expect([...lost.confirmable(now + 60_000)]).toEqual([]);
  }
  lost.observe(pulses(6_500, ['me', 'other']), 6_500);
  lost.observe(pulses(7_000, ['me']), 7_000);
  expect([...lost.confirmable(7_400).keys()]).toEqual(['other']);
});

test('the observer never loses itself', () => {
  const lost = new LostConnections('me');
  lost.observe(pulses(500, ['me', 'other']), 500);
  lost.observe(pulses(1_000, ['other']), 1_000);
  expect([...lost.confirmable(60_000)]).toEqual([]);
});
